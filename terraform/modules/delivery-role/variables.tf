# Settings of a delivery role.

variable "kind" {
  description = "Kind of the role: plan, release or deploy."
  type        = string

  validation {
    condition     = contains(["plan", "release", "deploy"], var.kind)
    error_message = "The kind must be plan, release or deploy."
  }
}

variable "name" {
  description = "Suffix of the role's name, after gridbid-delivery-."
  type        = string
}

variable "description" {
  description = "Who assumes the role and for what, in one sentence."
  type        = string
}

variable "environment" {
  description = "Environment that the role plans or deploys; null for a release."
  type        = string
  default     = null

  validation {
    condition     = (var.kind == "release") == (var.environment == null)
    error_message = "plan and deploy need an environment, release none."
  }
}

variable "key_arn" {
  description = "ARN of the environment's KMS key; null for a release."
  type        = string
  default     = null

  validation {
    condition     = (var.environment == null) == (var.key_arn == null)
    error_message = "A role of an environment needs the ARN of its key."
  }
}

variable "api_id" {
  description = "ID of the environment's HTTP API; null before its first deployment."
  type        = string
  default     = null
}

variable "domain" {
  description = "Custom domain name of the environment's API; null for none."
  type        = string
  default     = null
}

variable "destroyable" {
  description = "Whether a deployment may delete the environment's objects and their versions, which destroying its buckets requires."
  type        = bool
  default     = false
}

variable "trust" {
  description = "Principal, action and condition of the trust policy."
  type = object({
    principal = map(string)
    action    = string
    condition = map(map(list(string)))
  })

  validation {
    condition     = length(var.trust.condition) > 0
    error_message = "The trust policy needs a condition: a principal alone is too broad."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the role and of every role it creates; null for a release, which creates none."
  type        = string
  default     = null

  validation {
    condition     = (var.environment == null) == (var.permissions_boundary_arn == null)
    error_message = "A role of an environment needs the environment's boundary."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the Terraform state bucket, for roles that plan or deploy."
  type        = string
  default     = null
}

variable "artifacts_bucket_arn" {
  description = "ARN of the artifacts bucket, for roles that release or deploy."
  type        = string
  default     = null
}

variable "cache_bucket_arn" {
  description = "ARN of the binary cache bucket, for roles that release."
  type        = string
  default     = null
}
