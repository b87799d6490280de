# How the functions reach the bucket of results.

output "bucket_name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.results.id
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.results.arn
}
