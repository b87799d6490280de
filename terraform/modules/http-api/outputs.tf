# The API.

output "api_id" {
  description = "ID of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "endpoint" {
  description = "URL of the API."
  value       = var.domain == null ? aws_apigatewayv2_api.this.api_endpoint : "https://${var.domain.name}"
}

output "execution_arn" {
  description = "ARN for policies that allow signed requests to the API (execute-api:Invoke)."
  value       = aws_apigatewayv2_api.this.execution_arn
}

output "domain_target" {
  description = "Target of the domain's DNS record: host name and hosted zone; null without a domain."
  value = one([for domain in aws_apigatewayv2_domain_name.this : {
    name    = domain.domain_name_configuration[0].target_domain_name
    zone_id = domain.domain_name_configuration[0].hosted_zone_id
  }])
}

output "alarm_arns" {
  description = "ARNs of the alarms on the API."
  value       = concat(aws_cloudwatch_metric_alarm.errors[*].arn, aws_cloudwatch_metric_alarm.refusals[*].arn, aws_cloudwatch_metric_alarm.throttled[*].arn)
}
