# The whole of Gridbid, once, in one environment.
#
# Promises: everything that an environment needs but the code's zips in the artifacts bucket and the value of the Slack
# secret. It knows the code by functions.json alone: names, hashes, runtimes; it builds nothing.
# Leaves out: backend, provider and choices, which are the environment's. Called by: terraform/envs/*.

data "aws_caller_identity" "current" {}

locals {
  manifest = jsondecode(file(var.functions_manifest)).functions

  # Bucket names are global: outside the local cloud the name carries the account.
  results_bucket = coalesce(var.results_bucket_name, "gridbid-${var.environment}-order-results-${data.aws_caller_identity.current.account_id}")
}

module "order_store" {
  source = "../modules/order-store"

  environment            = var.environment
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
}

module "result_archive" {
  source = "../modules/result-archive"

  bucket_name             = local.results_bucket
  force_destroy           = !var.deletion_protection
  noncurrent_version_days = var.noncurrent_version_days
}

module "alerts" {
  source = "../modules/alerts"

  environment          = var.environment
  notify_slack         = module.function["notify-slack"]
  publishing_rule_arns = [module.results_run.ended_badly_rule_arn]
  secret_recovery_days = var.secret_recovery_days
}

module "results_run" {
  source = "../modules/results-run"

  environment             = var.environment
  collect_results_arn     = module.function["collect-results"].alias_arn
  store_result_arn        = module.function["store-result"].alias_arn
  close_run_arn           = module.function["close-run"].alias_arn
  notifications_topic_arn = module.alerts.topic_arn

  schedule_enabled = var.schedule_enabled
  poll_seconds     = var.poll_seconds
  deadline_seconds = var.deadline_seconds
  lease_seconds    = var.lease_seconds
}

module "http_api" {
  source = "../modules/http-api"

  environment        = var.environment
  functions          = { for name in toset(values(local.routes)) : name => module.function[name] }
  routes             = local.routes
  authorization      = var.authorization
  jwt                = var.jwt
  throttle           = var.throttle
  log_retention_days = var.log_retention_days
}
