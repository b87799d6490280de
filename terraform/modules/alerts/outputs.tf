# How publishers reach the topic, and where to look for what was not told.

output "topic_arn" {
  description = "ARN of the topic of notifications."
  value       = aws_sns_topic.notifications.arn
}

output "escalations_topic_arn" {
  description = "ARN of the topic that reaches people without Slack; null where nothing is watched."
  value       = one(aws_sns_topic.escalations[*].arn)
}

output "queue_names" {
  description = "Names of the queues of what could not be told."
  value       = values(local.queue_names)
}

output "alarm_arns" {
  description = "ARNs of the queues' alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.queue : alarm.arn]
}

output "slack_webhook_secret_arn" {
  description = "ARN of the secret that holds the webhook's address."
  value       = aws_secretsmanager_secret.slack_webhook.arn
}

output "undeliverable_queue_url" {
  description = "URL of the queue of messages that SNS could not hand to notify-slack."
  value       = aws_sqs_queue.undeliverable.url
}

output "notify_slack_failed_queue_url" {
  description = "URL of the queue of events that notify-slack could not post."
  value       = aws_sqs_queue.notify_slack_failed.url
}

output "notify_slack_failed_queue_arn" {
  description = "ARN of the queue of events that notify-slack could not post."
  value       = local.queue_arns["notify-slack-failed"]
}
