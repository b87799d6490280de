# Gridbid on the local cloud: the artifacts bucket with the zips that the build left beside functions.json, the stack, and the
# address of the catcher that plays Slack.
#
# Promises: the stack as in the cloud, open to the laptop, quick to poll, kept nowhere.
# Called by: cargo xtask up.

locals {
  manifest_folder = dirname(var.functions_manifest)
  manifest        = jsondecode(file(var.functions_manifest)).functions
}

resource "aws_s3_bucket" "artifacts" {
  # checkov:skip=CKV2_AWS_6: On the laptop alone, where nobody else comes
  # checkov:skip=CKV2_AWS_61: On the laptop alone, gone with it
  # checkov:skip=CKV2_AWS_62: On the laptop alone, and nothing waits for an object
  # checkov:skip=CKV_AWS_144: On the laptop alone, which has one region
  # checkov:skip=CKV_AWS_145: On the laptop alone, where nothing is secret
  # checkov:skip=CKV_AWS_18: On the laptop alone, where nobody else comes
  # checkov:skip=CKV_AWS_21: On the laptop alone, and a key holds the hash

  bucket        = "gridbid-local-artifacts"
  force_destroy = true
}

# The key holds the hash, so an object never changes.
resource "aws_s3_object" "function" {
  for_each = local.manifest

  bucket = aws_s3_bucket.artifacts.id
  key    = "functions/${each.key}/${each.value.sha256}.zip"
  source = "${local.manifest_folder}/${each.value.zip}"

  lifecycle {
    create_before_destroy = true
  }
}

module "stack" {
  source = "../../stack"

  environment        = "local"
  on_aws             = false
  functions_manifest = var.functions_manifest

  # Asked of the objects, not of the bucket: no function is made before its zip is there.
  artifacts_bucket = one(distinct(values(aws_s3_object.function)[*].bucket))

  results_bucket_name = "order-results"
  authorization       = "open"

  schedule_enabled = var.schedule_enabled
  poll_seconds     = var.poll_seconds
  deadline_seconds = var.deadline_seconds
  lease_seconds    = var.lease_seconds

  auction_platform_url         = var.auction_platform_url
  auction_random_seed          = var.auction_random_seed
  auction_random_ready_percent = var.auction_random_ready_percent

  log_retention_days      = 1
  point_in_time_recovery  = false
  deletion_protection     = false
  noncurrent_version_days = null
  secret_recovery_days    = 0
}

resource "aws_secretsmanager_secret_version" "slack_webhook" {
  secret_id     = module.stack.slack_webhook_secret_arn
  secret_string = var.slack_webhook_url
}
