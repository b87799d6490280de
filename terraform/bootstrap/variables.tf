# What an administrator decides about an account.

variable "repository" {
  description = "The repository on GitHub: owner/name."
  type        = string
}

variable "release_branch" {
  description = "The branch whose merges are released."
  type        = string
  default     = "main"
}

variable "environments" {
  description = "Environments that live in this account, in the order in which a release reaches them."
  type        = list(string)
  default     = ["dev", "prod"]
}

variable "delivery" {
  description = "Who deploys, and nobody else: github_actions or codepipeline."
  type        = string
  default     = "github_actions"

  validation {
    condition     = contains(["github_actions", "codepipeline"], var.delivery)
    error_message = "Exactly one deploys: delivery is github_actions or codepipeline."
  }

  validation {
    condition     = var.delivery == "github_actions" || var.artifacts_bucket == null
    error_message = "A pipeline runs in the account that holds the artifacts: leave artifacts_bucket away, or deliver by github_actions."
  }
}

variable "artifacts_bucket" {
  description = "Name of the bucket of artifacts in another account; null where this account holds it."
  type        = string
  default     = null
}

variable "reader_accounts" {
  description = "Other accounts whose environments run what this account's bucket of artifacts holds."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.reader_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "An account is known by its twelve digits."
  }
}

variable "cache_public_key" {
  description = "Public key of the binary cache, as `nix key convert-secret-to-public` prints it; null until there is one."
  type        = string
  default     = null
}

variable "build_image" {
  description = "Container image of the pipeline's steps, pinned by its digest: Nix with flakes, git and bash; null where GitHub delivers."
  type        = string
  default     = null

  validation {
    condition     = (var.delivery == "codepipeline") == (var.build_image != null)
    error_message = "Name the image of the pipeline's steps when the delivery is codepipeline, and only then."
  }
}
