# The state machine, the schedule and the runs table.

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.results_run.arn
}

output "runs_table_name" {
  description = "Name of the runs table."
  value       = aws_dynamodb_table.runs.name
}

output "runs_table_arn" {
  description = "ARN of the runs table."
  value       = aws_dynamodb_table.runs.arn
}

output "open_slots_index_arn" {
  description = "ARN of the index of the slots that are not done."
  value       = "${aws_dynamodb_table.runs.arn}/index/${local.open_slots_index}"
}

output "schedule_name" {
  description = "Name of the schedule and of its schedule group."
  value       = aws_scheduler_schedule.results_run.name
}

output "alarm_arns" {
  description = "ARNs of the alarms."
  value       = concat(aws_cloudwatch_metric_alarm.overdue[*].arn, values(aws_cloudwatch_metric_alarm.not_started)[*].arn, aws_cloudwatch_metric_alarm.open_slots[*].arn, aws_cloudwatch_metric_alarm.failure_event_lost[*].arn)
}
