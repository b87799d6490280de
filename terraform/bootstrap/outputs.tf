# Values for the environments and for GitHub's repository and environment variables.

output "state_bucket" {
  description = "Name of the Terraform state bucket, for -backend-config=bucket=…"
  value       = module.state.name
}

output "artifacts_bucket" {
  description = "Name of the artifacts bucket: the variable artifacts_bucket of the environments."
  value       = local.artifacts_bucket
}

output "permissions_boundary_arns" {
  description = "ARNs of the boundaries by environment."
  value       = { for environment, boundary in module.boundary : environment => boundary.arn }
}

output "key_arns" {
  description = "ARNs of the environments' KMS keys."
  value       = { for environment, key in module.key : environment => key.arn }
}

output "role_arns" {
  description = "ARNs of the roles that GitHub's jobs assume, by name: release, and NAME and plan-NAME of each environment."
  value       = module.github_trust.role_arns
}

output "cache" {
  description = "The binary cache: the bucket that a release writes and the public URL; null if another account holds it."
  value = one([for distribution in aws_cloudfront_distribution.cache : {
    bucket = module.cache[0].name
    url    = "https://${distribution.domain_name}"
  }])
}

output "pipeline" {
  description = "The pipeline and its connection to GitHub, which an administrator has to complete once; null if GitHub delivers."
  value       = one([for pipeline in module.pipeline : { name = pipeline.name, connection_arn = pipeline.connection_arn }])
}
