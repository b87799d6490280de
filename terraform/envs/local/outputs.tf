# Names and addresses for xtask and gridbid.

output "api_id" {
  description = "ID of the HTTP API."
  value       = module.stack.api_id
}

output "api_endpoint" {
  description = "URL of the HTTP API as on AWS; on the local cloud, requests need the Host header `<api_id>.execute-api.localhost`."
  value       = module.stack.api_endpoint
}

output "console_bucket" {
  description = "Name of the bucket of the console's files; null where the simulators serve the console."
  value       = var.console_bucket
}

output "state_machine_arn" {
  description = "ARN of the state machine of results runs."
  value       = module.stack.state_machine_arn
}

output "schedule_name" {
  description = "Name of the schedule that starts results runs, and of its schedule group."
  value       = module.stack.schedule_name
}

output "orders_table" {
  description = "Name of the orders table."
  value       = module.stack.orders_table
}

output "runs_table" {
  description = "Name of the runs table."
  value       = module.stack.runs_table
}

output "results_bucket" {
  description = "Name of the bucket that stores results and summaries."
  value       = module.stack.results_bucket
}

output "topic_arn" {
  description = "ARN of the notifications topic."
  value       = module.stack.topic_arn
}

output "slack_webhook_secret_arn" {
  description = "ARN of the secret that holds the URL of the Slack simulator."
  value       = module.stack.slack_webhook_secret_arn
}

output "undeliverable_queue_url" {
  description = "URL of the dead-letter queue for messages that SNS could not deliver to notify-slack."
  value       = module.stack.undeliverable_queue_url
}

output "notify_slack_failed_queue_url" {
  description = "URL of the queue of events that notify-slack failed to post."
  value       = module.stack.notify_slack_failed_queue_url
}

output "submission_queue_url" {
  description = "URL of the queue of orders to submit; null without an auction platform."
  value       = module.stack.submission_queue_url
}

output "submission_dead_letter_queue_url" {
  description = "URL of the dead-letter queue of the queue of orders to submit; null without an auction platform."
  value       = module.stack.submission_dead_letter_queue_url
}

output "submission_pipe_name" {
  description = "Name of the pipe from the orders table to the queue of orders to submit; null without an auction platform."
  value       = module.stack.submission_pipe_name
}

output "functions" {
  description = "For each function: its Lambda name, alias, newest version and log group; no CodeDeploy."
  value       = module.stack.functions
}
