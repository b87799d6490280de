# The development environment: the last merge, configured as in prod except for the settings here: shorter retention, and no
# protection from deletion.

module "stack" {
  source = "../../stack"

  environment        = "dev"
  functions_manifest = var.functions_manifest
  artifacts_bucket   = var.artifacts_bucket

  authorization                     = var.authorization
  jwt                               = var.jwt
  console                           = var.console
  auction_platform_url              = var.auction_platform_url
  auction_platform_token_secret_arn = var.auction_platform_token_secret_arn
  schedule_enabled                  = var.schedule_enabled

  # The pipeline starts with this environment, so its failures are reported here.
  pipeline_notifications = true
  alarm_emails           = var.alarm_emails
  monthly_budget_usd     = var.monthly_budget_usd

  log_retention_days     = 14
  point_in_time_recovery = false
  deletion_protection    = false
  secret_recovery_days   = 7
}
