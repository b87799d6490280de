# What the caller decides about a role of the delivery.

variable "kind" {
  description = "What the role is for: plan, release or deploy."
  type        = string

  validation {
    condition     = contains(["plan", "release", "deploy"], var.kind)
    error_message = "A role of the delivery plans, releases or deploys: its kind is plan, release or deploy."
  }
}

variable "name" {
  description = "Last part of the role's name, after gridbid-delivery-."
  type        = string
}

variable "description" {
  description = "One sentence on who takes the role and what for."
  type        = string
}

variable "environments" {
  description = "Environments that the role plans or deploys."
  type        = list(string)
  default     = []

  validation {
    condition     = { plan = length(var.environments) > 0, release = length(var.environments) == 0, deploy = length(var.environments) == 1 }[var.kind]
    error_message = "A role plans at least one environment, releases to none, and deploys exactly one."
  }
}

variable "trust" {
  description = "Who takes the role, how, and on which condition."
  type = object({
    principal = map(string)
    action    = string
    condition = map(map(string))
  })

  validation {
    condition     = length(var.trust.condition) > 0
    error_message = "Bind who takes the role by a condition: a principal alone is too wide."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the boundary that holds for the role and for every role that it makes."
  type        = string
}

variable "state_bucket_arn" {
  description = "ARN of the bucket of Terraform's states, for roles that plan or deploy."
  type        = string
  default     = null
}

variable "artifacts_bucket_arn" {
  description = "ARN of the bucket of artifacts, for roles that release or deploy."
  type        = string
  default     = null
}

variable "cache_bucket_arn" {
  description = "ARN of the bucket of the binary cache, for roles that release."
  type        = string
  default     = null
}
