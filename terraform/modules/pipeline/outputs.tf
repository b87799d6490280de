# What is still to be done by hand, and where to look.

output "name" {
  description = "Name of the pipeline."
  value       = aws_codepipeline.this.name
}

output "connection_arn" {
  description = "ARN of the connection to GitHub: an administrator completes it once, in the console."
  value       = aws_codeconnections_connection.github.arn
}
