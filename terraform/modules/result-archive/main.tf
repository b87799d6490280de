# The bucket of accepted results (`results/`) and run summaries (`summaries/`).
#
# Promises: private, reached over TLS only, encrypted, versioned: an overwritten summary can be had back. Who asked for what is
# logged into a bucket beside it where the environment says so. Leaves out: the names of the objects, which core derives.
# Called by: terraform/stack.

data "aws_caller_identity" "current" {}

module "results" {
  source = "../private-bucket"

  name                    = var.bucket_name
  force_destroy           = var.force_destroy
  key                     = var.key
  noncurrent_version_days = var.noncurrent_version_days
  access_log              = var.access_log_days == null ? null : { bucket = module.access_log[0].name, prefix = "results/" }
}

# With S3's own key: the service that writes the log uses no other by default.
module "access_log" {
  source = "../private-bucket"
  count  = var.access_log_days == null ? 0 : 1

  name            = "${var.bucket_name}-access-log"
  force_destroy   = var.force_destroy
  versioned       = false
  expiration_days = var.access_log_days

  policy_statements = [{
    sid       = "S3WritesTheLog"
    effect    = "Allow"
    principal = { Service = ["logging.s3.amazonaws.com"] }
    actions   = ["s3:PutObject"]
    prefixes  = ["/results/*"]
    condition = {
      StringEquals = { "aws:SourceAccount" = [data.aws_caller_identity.current.account_id] }
      ArnLike      = { "aws:SourceArn" = ["arn:aws:s3:::${var.bucket_name}"] }
    }
  }]
}
