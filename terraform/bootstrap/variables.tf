# Settings of an account.

variable "repository" {
  description = "GitHub repository, owner/name."
  type        = string
}

variable "release_branch" {
  description = "Branch whose merges are released."
  type        = string
  default     = "main"
}

variable "environments" {
  description = "Environments in this account, in the order of promotion."
  type        = list(string)
  default     = ["dev", "prod"]
}

variable "delivery" {
  description = "The only deployer: github_actions or codepipeline."
  type        = string
  default     = "github_actions"

  validation {
    condition     = contains(["github_actions", "codepipeline"], var.delivery)
    error_message = "delivery must be github_actions or codepipeline."
  }

  validation {
    condition     = var.delivery == "github_actions" || var.artifacts_bucket == null
    error_message = "A pipeline must run in the account that holds the artifacts: omit artifacts_bucket, or set delivery to github_actions."
  }
}

variable "artifacts_bucket" {
  description = "Name of the artifacts bucket in another account; null if this account holds it."
  type        = string
  default     = null
}

variable "reader_accounts" {
  description = "Other accounts whose environments deploy from this account's artifacts bucket."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.reader_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "An account ID must have twelve digits."
  }
}

variable "cache_public_key" {
  description = "Public key of the binary cache, as printed by `nix key convert-secret-to-public`; null for none."
  type        = string
  default     = null
}

variable "build_image" {
  description = "Container image of the pipeline's steps with Nix (flakes), git and bash, pinned by digest; null if GitHub delivers."
  type        = string
  default     = null

  validation {
    condition     = (var.delivery == "codepipeline") == (var.build_image != null)
    error_message = "build_image is required if and only if delivery is codepipeline."
  }
}
