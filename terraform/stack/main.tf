# The whole system in one environment.
#
# Needs the zips in the artifacts bucket, a value for the Slack secret, and the resources that terraform/bootstrap creates once
# per account. It reads names, hashes and runtimes from functions.json and builds nothing. Backend, provider and settings are in
# terraform/envs/*.

data "aws_caller_identity" "current" {}

locals {
  manifest = jsondecode(file(var.functions_manifest)).functions

  # Bucket names are global, so the name contains the account outside the local cloud.
  results_bucket = coalesce(var.results_bucket_name, "gridbid-${var.environment}-order-results-${data.aws_caller_identity.current.account_id}")
}

# Created by terraform/bootstrap. The local cloud has no key: there, each service encrypts with its own.
data "aws_kms_key" "environment" {
  count = var.on_aws ? 1 : 0

  key_id = "alias/gridbid-${var.environment}"
}

locals {
  # An object, not the ARN alone: whether a key exists must be known at plan time.
  key = var.on_aws ? { arn = data.aws_kms_key.environment[0].arn } : null

  # The boundary of this environment's roles, created by terraform/bootstrap.
  permissions_boundary_arn = coalesce(var.has_boundary, var.on_aws) ? "arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/gridbid-${var.environment}-boundary" : null

  # Topics of all alarms except those on the path to Slack.
  alarm_topic_arns = var.on_aws ? [module.alerts.topic_arn] : []
}

module "order_store" {
  source = "../modules/order-store"

  environment            = var.environment
  key                    = local.key
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
  stream                 = local.submits
}

module "submission" {
  source = "../modules/submission"
  count  = local.submits ? 1 : 0

  environment                = var.environment
  permissions_boundary_arn   = local.permissions_boundary_arn
  key                        = local.key
  stream_arn                 = module.order_store.stream_arn
  submit_orders              = module.function["submit-orders"]
  visibility_timeout_seconds = var.submission_visibility_timeout_seconds
  maximum_concurrency        = var.submission_maximum_concurrency
  alarm_topic_arns           = local.alarm_topic_arns
}

module "result_archive" {
  source = "../modules/result-archive"

  bucket_name             = local.results_bucket
  key                     = local.key
  force_destroy           = !var.deletion_protection
  object_lock             = var.results_retention_days != null
  noncurrent_version_days = var.noncurrent_version_days
  access_log_days         = var.on_aws ? var.access_log_days : null
}

module "alerts" {
  source = "../modules/alerts"

  environment            = var.environment
  key                    = local.key
  notify_slack           = module.function["notify-slack"]
  secret_recovery_days   = var.secret_recovery_days
  watched                = var.on_aws
  emails                 = var.alarm_emails
  pipeline_notifications = var.pipeline_notifications
}

module "results_run" {
  source = "../modules/results-run"

  environment              = var.environment
  permissions_boundary_arn = local.permissions_boundary_arn
  key                      = local.key
  collect_results_arn      = module.function["collect-results"].alias_arn
  store_result_arn         = module.function["store-result"].alias_arn
  close_run_arn            = module.function["close-run"].alias_arn
  notifications_topic_arn  = module.alerts.topic_arn
  dead_letter_queue_arn    = module.alerts.events_undeliverable_queue_arn

  schedule_enabled        = var.schedule_enabled
  poll_seconds            = var.poll_seconds
  deadline_seconds        = var.deadline_seconds
  lease_seconds           = var.lease_seconds
  open_slot_alarm_seconds = var.open_slot_alarm_seconds

  watched                        = var.on_aws
  alarm_topic_arns               = local.alarm_topic_arns
  collect_results_log_group_name = module.function["collect-results"].log_group_name
  close_run_log_group_name       = module.function["close-run"].log_group_name
  log_retention_days             = var.log_retention_days
}

module "http_api" {
  source = "../modules/http-api"

  environment        = var.environment
  key                = local.key
  functions          = { for name in toset(values(local.routes)) : name => module.function[name] }
  routes             = local.routes
  authorization      = var.authorization
  jwt                = var.jwt
  throttle           = var.throttle
  cors_origins       = var.cors_origins
  domain             = var.domain
  log_retention_days = var.log_retention_days
  alarm_topic_arns   = local.alarm_topic_arns
}

module "console" {
  source = "../modules/console"
  count  = var.console == null ? 0 : 1

  environment    = var.environment
  domain         = var.console.domain
  api_endpoint   = module.http_api.endpoint
  issuer         = var.jwt.issuer
  issuer_origins = var.console.issuer_origins
  client_id      = var.console.client_id
  scope          = var.console.scope
  audience       = var.console.audience
}

module "dashboard" {
  source = "../modules/dashboard"
  count  = var.on_aws ? 1 : 0

  environment       = var.environment
  api_id            = module.http_api.api_id
  functions         = module.function
  state_machine_arn = module.results_run.state_machine_arn
  table_names       = [module.order_store.table_name, module.results_run.runs_table_name]
  queue_names       = concat(module.alerts.queue_names, module.submission[*].dead_letter_queue_name)
  submission        = one(module.submission[*])
  alarm_arns = concat(
    module.http_api.alarm_arns,
    flatten(values(module.function)[*].alarm_arns),
    module.results_run.alarm_arns,
    flatten(module.submission[*].alarm_arns),
    module.alerts.alarm_arns,
  )
}

module "budget" {
  source = "../modules/budget"
  count  = var.on_aws ? 1 : 0

  environment = var.environment
  monthly_usd = var.monthly_budget_usd
  topic_arn   = module.alerts.topic_arn
}
