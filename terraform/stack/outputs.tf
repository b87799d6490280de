# What tools and people need to reach the system.

output "api_id" {
  description = "Identifier of the HTTP API."
  value       = module.http_api.api_id
}

output "api_endpoint" {
  description = "Address of the HTTP API."
  value       = module.http_api.endpoint
}

output "api_execution_arn" {
  description = "ARN of the API's calls, for the policies of those who may sign requests to it (execute-api:Invoke)."
  value       = module.http_api.execution_arn
}

output "api_domain_target" {
  description = "What the DNS record of the API's own domain points to; null without one."
  value       = module.http_api.domain_target
}

output "state_machine_arn" {
  description = "ARN of the state machine of results runs."
  value       = module.results_run.state_machine_arn
}

output "schedule_name" {
  description = "Name of the schedule that starts results runs, and of its group."
  value       = module.results_run.schedule_name
}

output "orders_table" {
  description = "Name of the table of orders."
  value       = module.order_store.table_name
}

output "runs_table" {
  description = "Name of the table of runs."
  value       = module.results_run.runs_table_name
}

output "results_bucket" {
  description = "Name of the bucket of results and summaries."
  value       = module.result_archive.bucket_name
}

output "topic_arn" {
  description = "ARN of the topic of notifications."
  value       = module.alerts.topic_arn
}

output "slack_webhook_secret_arn" {
  description = "ARN of the secret that holds the Slack webhook's address."
  value       = module.alerts.slack_webhook_secret_arn
}

output "undeliverable_queue_url" {
  description = "URL of the queue of messages that SNS could not hand to notify-slack."
  value       = module.alerts.undeliverable_queue_url
}

output "notify_slack_failed_queue_url" {
  description = "URL of the queue of events that notify-slack could not post."
  value       = module.alerts.notify_slack_failed_queue_url
}

output "functions" {
  description = "For each function: its name in Lambda, its alias, the version published last, its log group, and CodeDeploy's application and group that shift the alias (null where it is shifted at once)."
  value = { for name, function in module.function : name => {
    function_name  = function.function_name
    alias_name     = function.alias_name
    alias_arn      = function.alias_arn
    version        = function.version
    log_group_name = function.log_group_name
    deployment     = function.deployment
  } }
}
