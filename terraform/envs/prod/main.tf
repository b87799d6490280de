# Gridbid as the desk relies on it: what was approved, protected from deletion, restorable to any second of the last day.
#
# Promises: the stack's own choices, which are made for production. Called by: `gridbid deploy --env prod`.

module "stack" {
  source = "../../stack"

  environment              = "prod"
  functions_manifest       = var.functions_manifest
  artifacts_bucket         = var.artifacts_bucket
  permissions_boundary_arn = var.permissions_boundary_arn

  authorization                     = var.authorization
  jwt                               = var.jwt
  domain                            = var.domain
  auction_platform_url              = var.auction_platform_url
  auction_platform_token_secret_arn = var.auction_platform_token_secret_arn

  alarm_emails       = var.alarm_emails
  monthly_budget_usd = var.monthly_budget_usd

  # A year for whoever has to explain a trade; orders themselves are gone after a day.
  log_retention_days = 365
}
