# How the bucket is reached.

output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "domain_name" {
  description = "The bucket's own address in its region."
  value       = aws_s3_bucket.this.bucket_regional_domain_name
}
