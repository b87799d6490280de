# The boundary.

output "arn" {
  description = "ARN of the policy."
  value       = aws_iam_policy.boundary.arn
}
