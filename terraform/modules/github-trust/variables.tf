# Settings of the trust in GitHub.

variable "repository" {
  description = "GitHub repository, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository must be owner/name, such as example/gridbid, without wildcards."
  }
}

variable "release_branch" {
  description = "Branch whose merges are released."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.release_branch))
    error_message = "The release branch must be the name of one branch, without wildcards."
  }
}

variable "environments" {
  description = "Environments in this account; GitHub's environments have the same names."
  type        = list(string)

  validation {
    condition     = alltrue([for name in var.environments : can(regex("^[a-z][a-z0-9]{1,11}$", name)) && !contains(["plan", "release"], name)])
    error_message = "An environment's name must be 2 to 12 lower-case letters and digits, start with a letter, and be neither plan nor release."
  }
}

variable "delivers" {
  description = "Whether GitHub's workflows release and deploy; if false, they only plan."
  type        = bool
}

variable "releases" {
  description = "Whether this account holds the artifacts and therefore has the release role."
  type        = bool
  default     = true
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the roles and of every role they create."
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

variable "cache_bucket_arn" {
  description = "ARN of the binary cache bucket; null if this account has none."
  type        = string
  default     = null
}
