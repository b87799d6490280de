# What the workflows are told: which job takes which role.

output "role_arns" {
  description = "ARNs of the roles: plan, release, and one by each environment's name."
  value       = { for name, role in module.role : name => role.arn }
}
