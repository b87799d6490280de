# What an account decides about GitHub.

variable "repository" {
  description = "The repository on GitHub: owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository is owner/name, such as example/gridbid, without wildcards."
  }
}

variable "release_branch" {
  description = "The branch whose merges are released."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.release_branch))
    error_message = "The release branch is one branch by its name, without wildcards."
  }
}

variable "environments" {
  description = "Environments that live in this account; GitHub's environments have the same names."
  type        = list(string)

  validation {
    condition     = alltrue([for name in var.environments : can(regex("^[a-z][a-z0-9]{1,11}$", name)) && !contains(["plan", "release"], name)])
    error_message = "An environment's name is 2 to 12 lower-case letters and digits, starts with a letter, and is neither plan nor release."
  }
}

variable "delivers" {
  description = "Whether GitHub's workflows release and deploy; else they only plan."
  type        = bool
}

variable "releases" {
  description = "Whether the artifacts are in this account: releases are made where they are."
  type        = bool
  default     = true
}

variable "permissions_boundary_arn" {
  description = "ARN of the boundary that holds for the roles and for every role that they make."
  type        = string
}

variable "state_bucket_arn" {
  description = "ARN of the bucket of Terraform's states."
  type        = string
}

variable "artifacts_bucket_arn" {
  description = "ARN of the bucket of artifacts."
  type        = string
}

variable "cache_bucket_arn" {
  description = "ARN of the bucket of the binary cache; null for none in this account."
  type        = string
  default     = null
}
