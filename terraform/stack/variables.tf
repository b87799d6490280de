# What an environment decides. What has a default is the same in every environment until one says otherwise.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "An environment's name is 2 to 12 lower-case letters and digits, and starts with a letter."
  }
}

variable "on_aws" {
  description = "Whether this is AWS itself. On the local cloud everything is off that it does not have or cannot keep: canaries, alarms, dashboard, budget, keys, tracing."
  type        = bool
  default     = true
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that no role of this environment goes beyond; null for none. terraform/bootstrap makes it."
  type        = string
  default     = null
}

variable "functions_manifest" {
  description = "Path of functions.json, which the build writes beside the zips."
  type        = string

  validation {
    condition     = can(jsondecode(file(var.functions_manifest)).functions)
    error_message = "functions_manifest must be the path of a functions.json with a member `functions`; the build writes it."
  }
}

variable "artifacts_bucket" {
  description = "Bucket that holds the manifest's zips under functions/<name>/<sha256>.zip."
  type        = string
}

variable "results_bucket_name" {
  description = "Name of the bucket of results; null for gridbid-<environment>-order-results-<account>."
  type        = string
  default     = null
}

# The API.

variable "authorization" {
  description = "Who may call the API: anyone (open, in the local environment only), signed requests (AWS_IAM) or bearers of a token (JWT)."
  type        = string
  default     = "AWS_IAM"

  validation {
    condition     = var.authorization != "open" || var.environment == "local"
    error_message = "Only the local environment may be open: elsewhere the authorization is AWS_IAM or JWT."
  }
}

variable "jwt" {
  description = "Issuer and audiences of the tokens, when the authorization is JWT."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null
}

variable "throttle" {
  description = "How many requests a second the API takes on average, and how many at once."
  type = object({
    requests_per_second = number
    burst               = number
  })
  default = {
    requests_per_second = 50
    burst               = 100
  }
}

variable "cors_origins" {
  description = "Origins of the web pages that may call the API from a browser; none for no CORS at all."
  type        = list(string)
  default     = []
}

variable "domain" {
  description = "The API's own domain name, and the ARN of its certificate; null for API Gateway's address."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null
}

# The functions.

variable "reserved_concurrency" {
  description = "For functions that need a share of the account's concurrency of their own: how many calls at once, by name."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.reserved_concurrency) : can(jsondecode(file(var.functions_manifest)).functions[name])])
    error_message = "reserved_concurrency names a function that functions.json does not have."
  }
}

# The results run.

variable "schedule_enabled" {
  description = "Whether the schedule starts a results run every five minutes."
  type        = bool
  default     = true
}

variable "poll_seconds" {
  description = "Seconds between two questions to the auction platform."
  type        = number
  default     = 300
}

variable "deadline_seconds" {
  description = "Seconds after its start at which a results run stops asking and fails."
  type        = number
  default     = 7200
}

variable "lease_seconds" {
  description = "Seconds that a results run keeps the lock without renewing it."
  type        = number
  default     = 600
}

variable "auction_platform_url" {
  description = "Address of the auction platform; null for the built-in one, which draws results at random."
  type        = string
  default     = null

  validation {
    condition     = var.auction_platform_url == null ? true : can(regex("^https?://", var.auction_platform_url))
    error_message = "The auction platform's address starts with http:// or https://."
  }
}

variable "auction_platform_token_secret_arn" {
  description = "ARN of the secret with the auction platform's bearer token; null if it asks for none."
  type        = string
  default     = null
}

variable "auction_random_seed" {
  description = "Seed of the random platform, for draws that can be repeated; null for none."
  type        = number
  default     = null

  validation {
    condition     = var.auction_random_seed == null ? true : var.auction_random_seed >= 0 && floor(var.auction_random_seed) == var.auction_random_seed
    error_message = "The seed is a whole number, zero or more."
  }
}

variable "auction_random_ready_percent" {
  description = "How often, in percent, the random platform says that results are ready; null for the function's own default."
  type        = number
  default     = null

  validation {
    condition     = var.auction_random_ready_percent == null ? true : var.auction_random_ready_percent >= 0 && var.auction_random_ready_percent <= 100
    error_message = "A share in percent is 0 to 100."
  }
}

# How much an environment keeps.

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "point_in_time_recovery" {
  description = "Whether the table of orders can be restored to any second of the last day."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the table of orders refuses to be deleted, and the bucket of results to be deleted with what it holds."
  type        = bool
  default     = true
}

variable "noncurrent_version_days" {
  description = "Days after which an overwritten summary is deleted; null keeps them all."
  type        = number
  default     = 30
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be had back: 0 or 7 to 30."
  type        = number
  default     = 30
}

variable "access_log_days" {
  description = "Days that it is kept who asked the bucket of results for what."
  type        = number
  default     = 90
}

# Who is told, and of what.

variable "alarm_emails" {
  description = "Addresses that are told by mail when Slack cannot be told."
  type        = list(string)
  default     = []
}

variable "told_of_pipeline" {
  description = "Whether this environment's Slack is told when the pipeline that delivers to all environments fails or waits."
  type        = bool
  default     = false
}

variable "monthly_budget_usd" {
  description = "US dollars that the account is meant to cost in a month; Slack is told before it costs more."
  type        = number
  default     = 50
}
