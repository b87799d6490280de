# The bucket of accepted results (`results/`), batch reports (`reports/`), frozen answers (`answers/`) and run summaries (`summaries/`).
#
# Private, TLS only, encrypted and versioned: an overwritten summary can be restored. With Object Lock, the functions put results,
# reports and summaries with a retention. The optional access log goes to a second bucket. core derives the object keys.

data "aws_caller_identity" "current" {}

module "results" {
  source = "../private-bucket"

  name                    = var.bucket_name
  force_destroy           = var.force_destroy
  object_lock             = var.object_lock
  key                     = var.key
  noncurrent_version_days = var.noncurrent_version_days
  access_log              = var.access_log_days == null ? null : { bucket = module.access_log[0].name, prefix = "results/" }
}

# Encrypted with S3's default key: log delivery would need extra grants for a KMS key.
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
