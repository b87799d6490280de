# How a run is started and followed, and who may publish for it.

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.results_run.arn
}

output "runs_table_name" {
  description = "Name of the table of runs."
  value       = aws_dynamodb_table.runs.name
}

output "schedule_name" {
  description = "Name of the schedule, and of its group."
  value       = aws_scheduler_schedule.results_run.name
}

output "ended_badly_rule_arn" {
  description = "ARN of the rule that publishes runs which ended badly."
  value       = aws_cloudwatch_event_rule.ended_badly.arn
}
