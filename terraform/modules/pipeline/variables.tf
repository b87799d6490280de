# Settings of the pipeline.

variable "name" {
  description = "Name of the pipeline; the event rules in modules/alerts match it."
  type        = string
  default     = "gridbid-delivery"
}

variable "repository" {
  description = "GitHub repository, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository must be owner/name, such as example/gridbid."
  }
}

variable "release_branch" {
  description = "Branch whose merges are released."
  type        = string
  default     = "main"
}

variable "environments" {
  description = "Environments in the order of promotion, with what their roles are bound to; all but the first need an approval."
  type = list(object({
    name         = string
    boundary_arn = string
    key_arn      = string
    api_id       = optional(string)
    domain       = optional(string)
    destroyable  = bool
  }))

  validation {
    condition     = length(var.environments) > 0 && length(distinct(var.environments[*].name)) == length(var.environments)
    error_message = "There must be at least one environment, and each once."
  }
}

variable "build_image" {
  description = "Container image (arm64) of the steps with Nix (flakes), git and bash, pinned by digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.build_image))
    error_message = "The image must be pinned by digest: name@sha256:…"
  }
}

variable "build_variables" {
  description = "Environment variables of all steps: NIX_CONFIG for the binary cache and the variables of the environments (TF_VAR_…). No secrets."
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "Retention of the steps' logs, in days."
  type        = number
  default     = 30
}

variable "state_bucket" {
  description = "Name of the Terraform state bucket."
  type        = string
}

variable "state_bucket_arn" {
  description = "ARN of the Terraform state bucket."
  type        = string
}

variable "artifacts_bucket" {
  description = "Name of the artifacts bucket."
  type        = string
}

variable "artifacts_bucket_arn" {
  description = "ARN of the artifacts bucket."
  type        = string
}

variable "cache_bucket_arn" {
  description = "ARN of the binary cache bucket."
  type        = string
  default     = null
}
