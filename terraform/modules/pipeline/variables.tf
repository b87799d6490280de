# What an account decides about its pipeline.

variable "name" {
  description = "Name of the pipeline; modules/alerts tells its failures by it."
  type        = string
  default     = "gridbid-delivery"
}

variable "repository" {
  description = "The repository on GitHub: owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository is owner/name, such as example/gridbid."
  }
}

variable "release_branch" {
  description = "The branch whose merges are released."
  type        = string
  default     = "main"
}

variable "environments" {
  description = "Environments in the order in which a release reaches them; all but the first wait for an approval."
  type        = list(string)

  validation {
    condition     = length(var.environments) > 0 && length(distinct(var.environments)) == length(var.environments) && !contains(var.environments, "release")
    error_message = "A pipeline deploys at least one environment, each of them once, and none is called release."
  }
}

variable "build_image" {
  description = "Container image for arm64 in which the steps run; it must have Nix with flakes, git and bash, and be pinned by its digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.build_image))
    error_message = "Pin the image by its digest: name@sha256:…"
  }
}

variable "build_variables" {
  description = "Environment variables of all steps: NIX_CONFIG for the binary cache, and what the environments' Terraform asks for (TF_VAR_…). No secrets."
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "Days that the steps' logs are kept."
  type        = number
  default     = 30
}

variable "permissions_boundary_arn" {
  description = "ARN of the boundary that holds for the roles and for every role that they make."
  type        = string
}

variable "state_bucket" {
  description = "Name of the bucket of Terraform's states."
  type        = string
}

variable "state_bucket_arn" {
  description = "ARN of the bucket of Terraform's states."
  type        = string
}

variable "artifacts_bucket" {
  description = "Name of the bucket of artifacts."
  type        = string
}

variable "artifacts_bucket_arn" {
  description = "ARN of the bucket of artifacts."
  type        = string
}

variable "cache_bucket_arn" {
  description = "ARN of the bucket of the binary cache."
  type        = string
  default     = null
}
