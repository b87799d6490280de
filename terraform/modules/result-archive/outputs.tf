# The results bucket.

output "bucket_name" {
  description = "Name of the bucket."
  value       = module.results.name
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = module.results.arn
}
