# The ARNs.

output "arns" {
  description = "ARN patterns of the environments' resources, by kind."
  value = { for kind, patterns in local.patterns :
    kind => flatten([for environment in var.environments : [for pattern in patterns : replace(pattern, "%s", environment)]])
  }
}

output "account" {
  description = "ID of the account."
  value       = local.account
}

output "region" {
  description = "Name of the region."
  value       = data.aws_region.current.name
}

output "apis" {
  description = "ARNs of the environment's API, its custom domain and their tags. Every API, until the ID is known."
  value       = [for path in local.api_paths : "arn:aws:apigateway:${data.aws_region.current.name}::/${path}"]
}

# Resources whose IDs AWS generates: a condition restricts them to the environment.

output "mappings" {
  description = "ARN pattern of event source mappings, which are restricted by their function."
  value       = ["arn:aws:lambda:${local.here}:event-source-mapping:*"]
}

output "distributions" {
  description = "ARN pattern of CloudFront distributions, which are restricted by their tag Environment."
  value       = ["arn:aws:cloudfront::${local.account}:distribution/*"]
}

output "console_policies" {
  description = "ARN patterns of the origin access controls and headers policies of consoles, which have no tags and are restricted to the account."
  value       = ["arn:aws:cloudfront::${local.account}:origin-access-control/*", "arn:aws:cloudfront::${local.account}:response-headers-policy/*"]
}
