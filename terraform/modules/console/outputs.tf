# The console.

output "bucket" {
  description = "Name of the bucket that holds the console's files."
  value       = module.bucket.name
}

output "url" {
  description = "URL of the console, which is also its redirect URI at the issuer."
  value       = "https://${var.domain.name}/"
}

output "domain_target" {
  description = "Target of the domain's DNS record: host name and hosted zone."
  value = {
    name    = aws_cloudfront_distribution.this.domain_name
    zone_id = aws_cloudfront_distribution.this.hosted_zone_id
  }
}
