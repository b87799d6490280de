# The queues for submit-orders and for redrives, and what the dashboard shows.

output "queue_name" {
  description = "Name of the submission queue."
  value       = local.names.queue
}

output "queue_url" {
  description = "URL of the submission queue."
  value       = local.queue_urls.queue
}

output "queue_arn" {
  description = "ARN of the submission queue."
  value       = local.queue_arns.queue
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue of the submission queue."
  value       = local.names.dead_letters
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue of the submission queue."
  value       = local.queue_urls.dead_letters
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue of the submission queue."
  value       = local.queue_arns.dead_letters
}

output "pipe_name" {
  description = "Name of the pipe from the orders table to the submission queue."
  value       = aws_pipes_pipe.orders.name
}

output "alarm_arns" {
  description = "ARNs of the alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]
}
