# What the environments and GitHub's workflows are told: variables of the repository and of its environments.

output "state_bucket" {
  description = "Name of the bucket of Terraform's states: -backend-config=bucket=…"
  value       = module.state.name
}

output "artifacts_bucket" {
  description = "Name of the bucket of artifacts: the environments' variable artifacts_bucket."
  value       = local.artifacts_bucket
}

output "permissions_boundary_arn" {
  description = "ARN of the boundary: the environments' variable permissions_boundary_arn."
  value       = module.boundary.arn
}

output "role_arns" {
  description = "ARNs of the roles that GitHub's jobs take: plan, release, and one by each environment's name."
  value       = module.github_trust.role_arns
}

output "cache" {
  description = "The binary cache: the bucket that a release writes, and the address that everyone reads; null where another account holds it."
  value = one([for distribution in aws_cloudfront_distribution.cache : {
    bucket = module.cache[0].name
    url    = "https://${distribution.domain_name}"
  }])
}

output "pipeline" {
  description = "The pipeline and its connection to GitHub, which an administrator completes once; null where GitHub delivers."
  value       = one([for pipeline in module.pipeline : { name = pipeline.name, connection_arn = pipeline.connection_arn }])
}
