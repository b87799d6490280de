# Settings of an account.

variable "repository" {
  description = "GitHub repository, owner/name."
  type        = string
}

variable "repository_ids" {
  description = "IDs of the repository's owner and of the repository, as in `gh api repos/OWNER/NAME --jq '[.owner.id, .id]'`. Required for repositories created or renamed since 15 July 2026, and recommended for all."
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
}

variable "environments" {
  description = "Environments in this account, in the order of promotion."
  type        = list(string)
  default     = ["dev", "prod"]
}

variable "api_ids" {
  description = "ID of each environment's HTTP API (its output api_id), known after its first deployment. Its roles are then bound to it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for environment, id in var.api_ids : contains(var.environments, environment) && can(regex("^[a-z0-9]+$", id))])
    error_message = "api_ids must map environments of this account to the IDs of their APIs."
  }
}

variable "domains" {
  description = "Custom domain name of each environment's API, if it has one."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for environment, name in var.domains : contains(var.environments, environment) && can(regex("^[a-z0-9.-]+$", name))])
    error_message = "domains must map environments of this account to domain names."
  }
}

variable "destroyable_environments" {
  description = "Environments whose deployments may delete stored objects and their versions, so that `terraform destroy` works."
  type        = list(string)
  default     = ["dev"]

  validation {
    condition     = !contains(var.destroyable_environments, "prod")
    error_message = "The results of production must not be destroyable."
  }
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

variable "terraform_variables" {
  description = "Settings of each environment that a pipeline deploys, as lines of a .tfvars file for its root in terraform/envs. No secrets."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for environment in keys(var.terraform_variables) : var.delivery == "codepipeline" && contains(var.environments, environment)])
    error_message = "terraform_variables must map environments of a pipeline to their settings. GitHub has them in TERRAFORM_VARIABLES_…."
  }
}

variable "smoke_clients" {
  description = "Client of each environment with which a pipeline's smoke test obtains a token, where a JWT issuer guards the API. Its secret is in Secrets Manager, named gridbid/<environment>/… and encrypted with the environment's key or Secrets Manager's."
  type = map(object({
    token_url         = string
    client_id         = string
    client_secret_arn = string
    scope             = optional(string)
    audience          = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for environment in keys(var.smoke_clients) : var.delivery == "codepipeline" && contains(var.environments, environment)])
    error_message = "smoke_clients must map environments of a pipeline to clients. GitHub has them in SMOKE_…."
  }
}

variable "data_events_days" {
  description = "Retention in days of CloudTrail data events on Gridbid's buckets and tables; null for no trail."
  type        = number
  default     = null

  validation {
    condition     = var.data_events_days == null ? true : var.data_events_days >= 1
    error_message = "data_events_days must be at least 1, or null."
  }
}
