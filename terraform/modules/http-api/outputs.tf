# How the API is called.

output "api_id" {
  description = "Identifier of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "endpoint" {
  description = "Address of the API."
  value       = var.domain == null ? aws_apigatewayv2_api.this.api_endpoint : "https://${var.domain.name}"
}

output "execution_arn" {
  description = "ARN of the API's calls, for the policies of those who may sign requests to it (execute-api:Invoke)."
  value       = aws_apigatewayv2_api.this.execution_arn
}

output "domain_target" {
  description = "What the domain's DNS record points to: the host name and its hosted zone; null without a domain."
  value = one([for domain in aws_apigatewayv2_domain_name.this : {
    name    = domain.domain_name_configuration[0].target_domain_name
    zone_id = domain.domain_name_configuration[0].hosted_zone_id
  }])
}

output "alarm_arns" {
  description = "ARNs of the API's alarms."
  value       = aws_cloudwatch_metric_alarm.errors[*].arn
}
