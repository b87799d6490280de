# The production environment: approved releases, protected from deletion, restorable to any second of the last day.
#
# The defaults of terraform/stack are made for production.

module "stack" {
  source = "../../stack"

  environment        = "prod"
  functions_manifest = var.functions_manifest
  artifacts_bucket   = var.artifacts_bucket

  authorization                     = var.authorization
  jwt                               = var.jwt
  console                           = var.console
  domain                            = var.domain
  auction_platform_url              = var.auction_platform_url
  auction_platform_token_secret_arn = var.auction_platform_token_secret_arn
  schedule_enabled                  = var.schedule_enabled

  alarm_emails       = var.alarm_emails
  monthly_budget_usd = var.monthly_budget_usd

  # One year, to be able to explain a trade. The orders themselves are deleted after a day.
  log_retention_days     = 365
  results_retention_days = var.results_retention_days
}
