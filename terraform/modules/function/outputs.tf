# What callers and permissions need of the function. Always the alias, never the bare function.

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "alias_name" {
  description = "Name of the alias that callers reach."
  value       = aws_lambda_alias.live.name
}

output "alias_arn" {
  description = "ARN of the alias."
  value       = aws_lambda_alias.live.arn
}

output "alias_invoke_arn" {
  description = "ARN by which API Gateway calls the alias."
  value       = aws_lambda_alias.live.invoke_arn
}

output "version" {
  description = "The version that was published last."
  value       = aws_lambda_function.this.version
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "deployment" {
  description = "CodeDeploy's application and deployment group that shift the alias; null where it is shifted at once."
  value = one([for group in aws_codedeploy_deployment_group.canary : {
    application = group.app_name
    group       = group.deployment_group_name
  }])
}

output "alarm_arns" {
  description = "ARNs of the function's alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]
}
