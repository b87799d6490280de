# The topic for publishers, and the queues of failed notifications.

output "topic_arn" {
  description = "ARN of the notifications topic."
  value       = aws_sns_topic.notifications.arn
}

output "escalations_topic_arn" {
  description = "ARN of the topic for alarms by email; null if `watched` is false."
  value       = one(aws_sns_topic.escalations[*].arn)
}

output "queue_names" {
  description = "Names of the queues of failed notifications."
  value       = values(local.queue_names)
}

output "alarm_arns" {
  description = "ARNs of the alarms on the path to Slack."
  value       = concat(values(aws_cloudwatch_metric_alarm.queue)[*].arn, values(aws_cloudwatch_metric_alarm.lost)[*].arn)
}

output "events_undeliverable_queue_arn" {
  description = "ARN of the queue of events and starts that EventBridge could not deliver; null if `watched` is false."
  value       = lookup(local.queue_arns, "events-undeliverable", null)
}

output "slack_webhook_secret_arn" {
  description = "ARN of the secret that holds the webhook's URL."
  value       = aws_secretsmanager_secret.slack_webhook.arn
}

output "undeliverable_queue_url" {
  description = "URL of the dead-letter queue for messages that SNS could not deliver to notify-slack."
  value       = aws_sqs_queue.undeliverable.url
}

output "notify_slack_failed_queue_url" {
  description = "URL of the queue of events that notify-slack failed to post."
  value       = aws_sqs_queue.notify_slack_failed.url
}

output "notify_slack_failed_queue_arn" {
  description = "ARN of the queue of events that notify-slack failed to post."
  value       = local.queue_arns["notify-slack-failed"]
}
