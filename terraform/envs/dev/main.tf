# Gridbid for trying things out: what was merged last, as prod runs it, but kept for a shorter time and free to be destroyed.
#
# Promises: prod's system and prod's checks; whatever differs stands here. Called by: `gridbid deploy --env dev`.

module "stack" {
  source = "../../stack"

  environment              = "dev"
  functions_manifest       = var.functions_manifest
  artifacts_bucket         = var.artifacts_bucket
  permissions_boundary_arn = var.permissions_boundary_arn

  authorization                     = var.authorization
  jwt                               = var.jwt
  auction_platform_url              = var.auction_platform_url
  auction_platform_token_secret_arn = var.auction_platform_token_secret_arn

  # The pipeline begins with this environment, so its failures are told here.
  pipeline_notifications   = true
  alarm_emails       = var.alarm_emails
  monthly_budget_usd = var.monthly_budget_usd

  log_retention_days     = 14
  point_in_time_recovery = false
  deletion_protection    = false
  secret_recovery_days   = 7
}
