# The pipeline, and the connection to complete by hand.

output "name" {
  description = "Name of the pipeline."
  value       = aws_codepipeline.this.name
}

output "connection_arn" {
  description = "ARN of the connection to GitHub, which an administrator has to complete once in the AWS console."
  value       = aws_codeconnections_connection.github.arn
}

output "log_group_arn_prefix" {
  description = "Prefix of the ARNs of the steps' log groups."
  value       = "arn:aws:logs:${local.here}:log-group:/aws/codebuild/${var.name}-"
}

output "sources_bucket_arn" {
  description = "ARN of the bucket of sources."
  value       = module.sources.arn
}

output "key_arn" {
  description = "ARN of the key of sources and logs."
  value       = aws_kms_key.this.arn
}
