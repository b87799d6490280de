# The roles for the workflows.

output "role_arns" {
  description = "ARNs of the roles by name: release, and NAME and plan-NAME of each environment."
  value       = { for name, role in module.role : name => role.arn }
}
