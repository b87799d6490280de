# Settings of the trust in GitHub.

variable "repository" {
  description = "GitHub repository, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository must be owner/name, such as example/gridbid, without wildcards."
  }
}

variable "repository_ids" {
  description = "IDs of the repository's owner and of the repository, as in `gh api repos/OWNER/NAME --jq '[.owner.id, .id]'`; null to trust the name alone."
  type = object({
    owner      = number
    repository = number
  })
  default = null
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
  description = "Environments in this account, by name, with what their roles are bound to; GitHub's environments have the same names."
  type = map(object({
    boundary_arn = string
    key_arn      = string
    api_id       = optional(string)
    domain       = optional(string)
    destroyable  = bool
  }))
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
