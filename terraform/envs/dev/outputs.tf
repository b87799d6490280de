# What `gridbid` and people need to reach the system.

output "api_id" {
  description = "Identifier of the HTTP API."
  value       = module.stack.api_id
}

output "api_endpoint" {
  description = "Address of the HTTP API."
  value       = module.stack.api_endpoint
}

output "api_execution_arn" {
  description = "ARN of the API's calls, for the policies of those who may sign requests to it (execute-api:Invoke)."
  value       = module.stack.api_execution_arn
}

output "api_domain_target" {
  description = "What the DNS record of the API's own domain points to; null without one."
  value       = module.stack.api_domain_target
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
  description = "ARN of the secret that holds the Slack webhook's address."
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
  description = "For each function: its name in Lambda, its alias, the version published last, its log group, and CodeDeploy's application and group that shift the alias (null where it is shifted at once)."
  value       = module.stack.functions
}

output "artifacts_bucket" {
  description = "Name of the bucket of artifacts."
  value       = var.artifacts_bucket
}
