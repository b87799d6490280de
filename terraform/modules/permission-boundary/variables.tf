# Settings of an environment's boundary.

variable "environment" {
  description = "Name of the environment."
  type        = string
}

variable "key_arn" {
  description = "ARN of the environment's KMS key."
  type        = string
}

variable "state_bucket_arn" {
  description = "ARN of the Terraform state bucket."
  type        = string
}

variable "artifacts_bucket_arn" {
  description = "ARN of the artifacts bucket."
  type        = string
}

variable "api_id" {
  description = "ID of the environment's HTTP API; null before its first deployment."
  type        = string
  default     = null
}

variable "other_api_ids" {
  description = "Known IDs of the HTTP APIs of the account's other environments."
  type        = list(string)
  default     = []
}

variable "domain" {
  description = "Custom domain name of the environment's API; null for none."
  type        = string
  default     = null
}

variable "destroyable" {
  description = "Whether versions of the environment's objects can be deleted, which destroying its buckets requires."
  type        = bool
}

variable "pipeline" {
  description = "What the pipeline's deploy step needs besides the environment: prefix of its log groups, sources, key and connection; null if GitHub delivers."
  type = object({
    log_group_arn_prefix = string
    sources_bucket_arn   = string
    key_arn              = string
    connection_arn       = string
  })
  default = null
}
