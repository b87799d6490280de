# Settings of an environment. Defaults apply to every environment that does not override them.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "An environment's name must be 2 to 12 lower-case letters and digits and start with a letter."
  }
}

variable "on_aws" {
  description = "Whether the target is AWS. On the local cloud, the features it lacks are off: canaries, alarms, dashboard, budget, keys, tracing."
  type        = bool
  default     = true
}

variable "has_boundary" {
  description = "Whether the roles are under the environment's permissions boundary, which terraform/bootstrap creates; null for on AWS."
  type        = bool
  default     = null
}

variable "functions_manifest" {
  description = "Path of functions.json, which the build writes next to the zips."
  type        = string

  validation {
    condition     = can(jsondecode(file(var.functions_manifest)).functions)
    error_message = "functions_manifest must be the path of a functions.json with a member `functions`, as written by the build."
  }
}

variable "artifacts_bucket" {
  description = "Bucket that holds the zips of the manifest under functions/<name>/<sha256>.zip."
  type        = string
}

variable "results_bucket_name" {
  description = "Name of the results bucket; null for gridbid-<environment>-order-results-<account>."
  type        = string
  default     = null
}

# The API.

variable "authorization" {
  description = "Who can call the API: anyone (open; local environment only), signed requests (AWS_IAM) or bearers of a token (JWT)."
  type        = string
  default     = "AWS_IAM"

  validation {
    condition     = var.authorization != "open" || var.environment == "local"
    error_message = "Only the local environment can be open; elsewhere the authorization must be AWS_IAM or JWT."
  }
}

variable "jwt" {
  description = "Issuer and audiences of the tokens; required if and only if the authorization is JWT."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null
}

variable "throttle" {
  description = "Rate limit of the API: average requests per second, and burst."
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
  description = "Origins of web pages that can call the API from a browser; empty disables CORS."
  type        = list(string)
  default     = []
}

variable "domain" {
  description = "Custom domain name of the API and the ARN of its certificate; null for API Gateway's URL."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null
}

variable "console" {
  description = "The console: its client ID at the issuer of jwt, its domain name with the ARN of a certificate in us-east-1, the scopes and the audience of a sign-in, and more origins of the issuer that the page calls; null for no console. Requires the authorization JWT."
  type = object({
    client_id      = string
    domain         = object({ name = string, certificate_arn = string })
    scope          = optional(string, "openid")
    audience       = optional(string)
    issuer_origins = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.console == null || (var.authorization == "JWT" && var.jwt != null)
    error_message = "The console requires the authorization JWT and jwt: a page cannot sign requests with AWS_IAM."
  }
}

# The functions.

variable "reserved_concurrency" {
  description = "Reserved concurrency by function name."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.reserved_concurrency) : can(jsondecode(file(var.functions_manifest)).functions[name])])
    error_message = "reserved_concurrency names a function that is not in functions.json."
  }
}

# The results run.

variable "schedule_enabled" {
  description = "Whether the schedule starts a results run every five minutes."
  type        = bool
  default     = true
}

variable "poll_seconds" {
  description = "Seconds between two polls of the auction platform."
  type        = number
  default     = 300
}

variable "deadline_seconds" {
  description = "Seconds after its start at which a results run stops polling and fails."
  type        = number
  default     = 7200
}

variable "lease_seconds" {
  description = "Lease of a results run on its slot, in seconds."
  type        = number
  default     = 1200
}

variable "open_slot_alarm_seconds" {
  description = "Age in seconds at which a slot that is not done raises an alarm."
  type        = number
  default     = 3600
}

variable "auction_platform_url" {
  description = "Base URL of the auction platform, which gets orders at /orders and is asked for results at /results; null for the built-in random platform, to which no order is submitted."
  type        = string
  default     = null

  validation {
    condition     = var.auction_platform_url == null ? true : can(regex("^https?://", var.auction_platform_url))
    error_message = "The auction platform's URL must start with http:// or https://."
  }

  validation {
    condition     = var.environment != "prod" || var.auction_platform_url != null
    error_message = "Production requires the URL of an auction platform: the random platform invents results."
  }
}

variable "auction_platform_token_secret_arn" {
  description = "ARN of the secret with the auction platform's bearer token, named gridbid/<environment>/… and encrypted with the environment's key or Secrets Manager's; null if it needs none."
  type        = string
  default     = null

  # The boundary admits no other secret, and no other key.
  validation {
    condition     = var.auction_platform_token_secret_arn == null ? true : can(regex("^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:gridbid/${var.environment}/", var.auction_platform_token_secret_arn))
    error_message = "The secret must belong to the environment: its name must start with gridbid/<environment>/."
  }
}

variable "auction_random_seed" {
  description = "Seed of the random platform, for reproducible results; null for none."
  type        = number
  default     = null

  validation {
    condition     = var.auction_random_seed == null ? true : var.auction_random_seed >= 0 && floor(var.auction_random_seed) == var.auction_random_seed
    error_message = "The seed must be a whole number, zero or more."
  }
}

variable "auction_random_ready_percent" {
  description = "Probability in percent that the random platform has results ready; null for the function's default."
  type        = number
  default     = null

  validation {
    condition     = var.auction_random_ready_percent == null ? true : var.auction_random_ready_percent >= 0 && var.auction_random_ready_percent <= 100
    error_message = "The probability must be 0 to 100 percent."
  }
}

# The submission.

variable "submission_visibility_timeout_seconds" {
  description = "Seconds after which a message of the submission queue is delivered again if its delivery got no answer."
  type        = number
  default     = 180
}

variable "submission_maximum_concurrency" {
  description = "Maximum number of concurrent requests with orders to the auction platform."
  type        = number
  default     = 5
}

# Retention and deletion.

variable "log_retention_days" {
  description = "Retention of logs, in days."
  type        = number
  default     = 30
}

variable "point_in_time_recovery" {
  description = "Whether the orders table can be restored to any second of the last day."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the orders table is protected from deletion, and the results bucket from being deleted with its objects."
  type        = bool
  default     = true
}

variable "noncurrent_version_days" {
  description = "Days after which an overwritten summary is deleted; null keeps all versions."
  type        = number
  default     = 30
}

variable "results_retention_days" {
  description = "Days for which Object Lock keeps stored results, reports and summaries from being deleted (governance mode); null for none. Cannot be added to an existing bucket."
  type        = number
  default     = null

  validation {
    condition     = var.results_retention_days == null ? true : var.results_retention_days >= 1 && var.results_retention_days <= 36500 && floor(var.results_retention_days) == var.results_retention_days
    error_message = "results_retention_days must be a whole number from 1 to 36500, or null."
  }

  validation {
    condition     = var.results_retention_days == null || var.deletion_protection
    error_message = "Retained results make an environment indestructible: results_retention_days requires deletion_protection."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be restored: 0, or 7 to 30."
  type        = number
  default     = 30
}

variable "access_log_days" {
  description = "Retention of the access log of the results bucket, in days."
  type        = number
  default     = 90
}

# Notifications.

variable "alarm_emails" {
  description = "Email addresses for alarms on the path to Slack."
  type        = list(string)
  default     = []
}

variable "pipeline_notifications" {
  description = "Whether this environment's Slack is notified when the delivery pipeline fails or waits for an approval."
  type        = bool
  default     = false
}

variable "monthly_budget_usd" {
  description = "Monthly budget of the account in US dollars; Slack is notified before it is exceeded."
  type        = number
  default     = 50
}
