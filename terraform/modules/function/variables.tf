# Settings of a function.

variable "name" {
  description = "Name of the function: its folder under lambdas/ and its key in functions.json."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "A function's name must be 2 to 32 lower-case letters, digits and hyphens and start with a letter."
  }
}

variable "environment" {
  description = "Name of the environment; part of every resource's name, and the variable GRIDBID_ENVIRONMENT of the code."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "An environment's name must be 2 to 12 lower-case letters and digits and start with a letter."
  }
}

variable "description" {
  description = "What the function does, in one sentence; shown in the AWS console."
  type        = string
}

variable "code" {
  description = "The function's entry in functions.json."
  type = object({
    runtime       = string
    handler       = string
    architecture  = string
    sha256        = string
    sha256_base64 = string
  })

  validation {
    condition     = contains(["x86_64", "arm64"], var.code.architecture)
    error_message = "The architecture in functions.json must be x86_64 or arm64."
  }

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.code.sha256))
    error_message = "The sha256 in functions.json must be 64 lower-case hexadecimal digits."
  }
}

variable "artifacts_bucket" {
  description = "Bucket that holds the zip under functions/<name>/<sha256>.zip."
  type        = string
}

variable "memory_mb" {
  description = "Memory in MB; Lambda allocates CPU in proportion."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Memory must be 128 to 10240 MB."
  }
}

variable "timeout_seconds" {
  description = "Timeout of an invocation in seconds; the HTTP API checks that those of its functions are below API Gateway's 30 seconds."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 300
    error_message = "The timeout must be 1 to 300 seconds: the leases of the results run assume no longer ones."
  }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency; null for the account's unreserved concurrency."
  type        = number
  default     = null

  # Zero would disable the function.
  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1
    error_message = "Reserved concurrency must be at least 1, or null."
  }
}

variable "environment_variables" {
  description = "Environment variables in addition to GRIDBID_ENVIRONMENT; references to secrets, never secrets."
  type        = map(string)
  default     = {}
}

variable "policy_statements" {
  description = "Permissions in addition to writing to its log group: actions on exact ARNs."
  type = list(object({
    actions   = list(string)
    resources = list(string)
  }))
  default = []

  validation {
    condition     = !anytrue([for statement in var.policy_statements : anytrue([for action in statement.actions : strcontains(action, "*")])])
    error_message = "Actions must not contain wildcards."
  }

  validation {
    condition     = !anytrue([for statement in var.policy_statements : contains(statement.resources, "*")])
    error_message = "Resources must be ARNs; the resource * is not allowed."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary for all roles of this environment; null for none."
  type        = string
  default     = null
}

variable "key" {
  description = "KMS key for the log group; null for CloudWatch's default key."
  type        = object({ arn = string })
  default     = null
}

variable "log_retention_days" {
  description = "Retention of the function's logs, in days."
  type        = number
}

variable "alarms" {
  description = "Topics of the function's alarms, and the limit of its p99 duration in milliseconds; null for no alarms."
  type = object({
    topic_arns   = list(string)
    p99_limit_ms = number
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : var.alarms.p99_limit_ms > 0 && var.alarms.p99_limit_ms < 1000 * var.timeout_seconds
    error_message = "p99_limit_ms must be between 0 and the function's timeout."
  }

  validation {
    condition     = var.alarms == null ? true : length(var.alarms.topic_arns) > 0
    error_message = "Alarms need at least one topic."
  }
}

variable "canary" {
  description = "Whether a new version first gets 10 % of the invocations for five minutes, guarded by the alarms."
  type        = bool
  default     = false

  validation {
    condition     = !var.canary || var.alarms != null
    error_message = "A canary needs alarms."
  }
}
