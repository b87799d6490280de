# The role.

output "arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "policies" {
  description = "The role's policies, as JSON, by name."
  value       = { for name, policy in aws_iam_policy.this : name => policy.policy }
}
