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
