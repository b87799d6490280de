# The environment on the local cloud: the stack, and the URL of the Slack simulator.
#
# The API is open, polling is quick, and nothing is protected from deletion. `gridbid release` creates the artifacts bucket
# and its zips beforehand; `cargo xtask up` applies this root through `gridbid deploy`.

module "stack" {
  source = "../../stack"

  environment        = "local"
  on_aws             = false
  functions_manifest = var.functions_manifest
  artifacts_bucket   = var.artifacts_bucket

  has_boundary        = var.delivered_by_role
  results_bucket_name = var.delivered_by_role ? null : "order-results"
  authorization       = "open"

  schedule_enabled = var.schedule_enabled
  poll_seconds     = var.poll_seconds
  deadline_seconds = var.deadline_seconds
  lease_seconds    = var.lease_seconds

  reserved_concurrency = var.reserved_concurrency

  auction_platform_url         = var.auction_platform_url
  auction_random_seed          = var.auction_random_seed
  auction_random_ready_percent = var.auction_random_ready_percent

  # As short as the function's timeout allows: after a kill of the local cloud, messages in flight wait for it.
  submission_visibility_timeout_seconds = 30

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
