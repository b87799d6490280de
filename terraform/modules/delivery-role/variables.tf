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

variable "environments" {
  description = "Environments that the role plans or deploys."
  type        = list(string)
  default     = []

  validation {
    condition     = { plan = length(var.environments) > 0, release = length(var.environments) == 0, deploy = length(var.environments) == 1 }[var.kind]
    error_message = "plan needs at least one environment, release none, and deploy exactly one."
  }
}

variable "trust" {
  description = "Principal, action and condition of the trust policy."
  type = object({
    principal = map(string)
    action    = string
    condition = map(map(string))
  })

  validation {
    condition     = length(var.trust.condition) > 0
    error_message = "The trust policy needs a condition: a principal alone is too broad."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the role and of every role it creates."
  type        = string
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
