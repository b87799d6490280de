# References for callers and permissions: always the alias, never the function itself.

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias_name" {
  description = "Name of the alias that callers invoke."
  value       = aws_lambda_alias.live.name
}

output "alias_arn" {
  description = "ARN of the alias."
  value       = aws_lambda_alias.live.arn
}

output "alias_invoke_arn" {
  description = "Invoke ARN of the alias for API Gateway."
  value       = aws_lambda_alias.live.invoke_arn
}

output "timeout_seconds" {
  description = "Timeout of an invocation in seconds."
  value       = var.timeout_seconds
}

output "version" {
  description = "Newest published version."
  value       = aws_lambda_function.this.version
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "deployment" {
  description = "CodeDeploy application and deployment group that shift the alias; null if it is shifted at once."
  value = one([for group in aws_codedeploy_deployment_group.canary : {
    application = group.app_name
    group       = group.deployment_group_name
  }])
}

output "alarm_arns" {
  description = "ARNs of the function's alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]
}
