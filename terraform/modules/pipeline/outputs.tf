# The pipeline, and the connection to complete by hand.

output "name" {
  description = "Name of the pipeline."
  value       = aws_codepipeline.this.name
}

output "connection_arn" {
  description = "ARN of the connection to GitHub, which an administrator has to complete once in the AWS console."
  value       = aws_codeconnections_connection.github.arn
}
