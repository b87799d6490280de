# Names and addresses for tools and people.

output "api_id" {
  description = "ID of the HTTP API."
  value       = module.http_api.api_id
}

output "api_endpoint" {
  description = "URL of the HTTP API."
  value       = module.http_api.endpoint
}

output "api_execution_arn" {
  description = "ARN for policies that allow signed requests to the API (execute-api:Invoke)."
  value       = module.http_api.execution_arn
}

output "api_domain_target" {
  description = "Target of the custom domain's DNS record; null without a domain."
  value       = module.http_api.domain_target
}

output "console_bucket" {
  description = "Name of the bucket that holds the console's files; null without a console."
  value       = one(module.console[*].bucket)
}

output "console_url" {
  description = "URL of the console; null without a console."
  value       = one(module.console[*].url)
}

output "console_domain_target" {
  description = "Target of the DNS record of the console's domain; null without a console."
  value       = one(module.console[*].domain_target)
}

output "state_machine_arn" {
  description = "ARN of the state machine of results runs."
  value       = module.results_run.state_machine_arn
}

output "schedule_name" {
  description = "Name of the schedule that starts results runs, and of its schedule group."
  value       = module.results_run.schedule_name
}

output "orders_table" {
  description = "Name of the orders table."
  value       = module.order_store.table_name
}

output "runs_table" {
  description = "Name of the runs table."
  value       = module.results_run.runs_table_name
}

output "results_bucket" {
  description = "Name of the bucket that stores results and summaries."
  value       = module.result_archive.bucket_name
}

output "topic_arn" {
  description = "ARN of the notifications topic."
  value       = module.alerts.topic_arn
}

output "slack_webhook_secret_arn" {
  description = "ARN of the secret that holds the Slack webhook's URL."
  value       = module.alerts.slack_webhook_secret_arn
}

output "undeliverable_queue_url" {
  description = "URL of the dead-letter queue for messages that SNS could not deliver to notify-slack."
  value       = module.alerts.undeliverable_queue_url
}

output "notify_slack_failed_queue_url" {
  description = "URL of the queue of events that notify-slack failed to post."
  value       = module.alerts.notify_slack_failed_queue_url
}

output "submission_queue_url" {
  description = "URL of the queue of orders to submit; null without an auction platform."
  value       = one(module.submission[*].queue_url)
}

output "submission_dead_letter_queue_url" {
  description = "URL of the dead-letter queue of the queue of orders to submit; null without an auction platform."
  value       = one(module.submission[*].dead_letter_queue_url)
}

output "submission_pipe_name" {
  description = "Name of the pipe from the orders table to the queue of orders to submit; null without an auction platform."
  value       = one(module.submission[*].pipe_name)
}

output "functions" {
  description = "For each function: its Lambda name, alias, newest version, log group, and the CodeDeploy application and deployment group that shift the alias (null if it is shifted at once)."
  value = { for name, function in module.function : name => {
    function_name  = function.function_name
    alias_name     = function.alias_name
    alias_arn      = function.alias_arn
    version        = function.version
    log_group_name = function.log_group_name
    deployment     = function.deployment
  } }
}
