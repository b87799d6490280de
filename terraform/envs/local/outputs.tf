# What xtask and gridbid need to reach the local system.

output "api_id" {
  description = "Identifier of the HTTP API."
  value       = module.stack.api_id
}

output "api_endpoint" {
  description = "Address of the HTTP API as the cloud would have it; locally it is reached by the Host header `<api_id>.execute-api.localhost`."
  value       = module.stack.api_endpoint
}

output "state_machine_arn" {
  description = "ARN of the state machine of results runs."
  value       = module.stack.state_machine_arn
}

output "schedule_name" {
  description = "Name of the schedule that starts results runs, and of its group."
  value       = module.stack.schedule_name
}

output "orders_table" {
  description = "Name of the table of orders."
  value       = module.stack.orders_table
}

output "runs_table" {
  description = "Name of the table of runs."
  value       = module.stack.runs_table
}

output "results_bucket" {
  description = "Name of the bucket of results and summaries."
  value       = module.stack.results_bucket
}

output "topic_arn" {
  description = "ARN of the topic of notifications."
  value       = module.stack.topic_arn
}

output "slack_webhook_secret_arn" {
  description = "ARN of the secret that holds the catcher's address."
  value       = module.stack.slack_webhook_secret_arn
}

output "undeliverable_queue_url" {
  description = "URL of the queue of messages that SNS could not hand to notify-slack."
  value       = module.stack.undeliverable_queue_url
}

output "notify_slack_failed_queue_url" {
  description = "URL of the queue of events that notify-slack could not post."
  value       = module.stack.notify_slack_failed_queue_url
}

output "functions" {
  description = "For each function: its name in Lambda, its alias, the version published last, its log group, and no CodeDeploy."
  value       = module.stack.functions
}
