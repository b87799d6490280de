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
  description = "Environments in the order of promotion, with what their roles are bound to, their Terraform variables (lines of a .tfvars file) and the smoke test's client at the JWT issuer; all but the first need an approval."
  type = list(object({
    name                = string
    boundary_arn        = string
    key_arn             = string
    api_id              = optional(string)
    domain              = optional(string)
    destroyable         = bool
    terraform_variables = optional(string, "")
    smoke_client = optional(object({
      token_url         = string
      client_id         = string
      client_secret_arn = string
      scope             = optional(string)
      audience          = optional(string)
    }))
  }))

  validation {
    condition     = alltrue([for environment in var.environments : environment.smoke_client == null || can(regex("^arn:aws:secretsmanager:[^:]+:[0-9]{12}:secret:gridbid/${environment.name}/", environment.smoke_client.client_secret_arn))])
    error_message = "The secret of a smoke test's client must be named gridbid/<environment>/…: the environment's boundary allows no other."
  }

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
  description = "Environment variables of all steps, such as NIX_CONFIG for the binary cache. No secrets."
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
