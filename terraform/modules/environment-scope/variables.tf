# The environments.

variable "environments" {
  description = "Names of the environments; none for a role that touches no environment."
  type        = list(string)

  # Each would match the name of a bucket or a role of the account.
  validation {
    condition = alltrue([for name in var.environments :
      can(regex("^[a-z][a-z0-9]{1,11}$", name)) && !contains(["access", "artifacts", "bootstrap", "delivery", "nix", "pipeline", "plan", "release", "state"], name)
    ])
    error_message = "An environment's name must be 2 to 12 lower-case letters and digits, start with a letter, and not be reserved for the account's own resources."
  }
}

variable "api_id" {
  description = "ID of the environment's HTTP API; null before its first deployment."
  type        = string
  default     = null
}

variable "domain" {
  description = "Custom domain name of the environment's API; null for none."
  type        = string
  default     = null
}
