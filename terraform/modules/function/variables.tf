# What the caller decides about one function.

variable "name" {
  description = "Name of the function: its folder under lambdas/ and its key in functions.json."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "A function's name is 2 to 32 lower-case letters, digits and hyphens, and starts with a letter."
  }
}

variable "environment" {
  description = "Name of the environment; part of every resource's name and given to the code as GRIDBID_ENVIRONMENT."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "An environment's name is 2 to 12 lower-case letters and digits, and starts with a letter."
  }
}

variable "description" {
  description = "One sentence on what the function does, shown in the console."
  type        = string
}

variable "code" {
  description = "The function's entry of functions.json, as the build wrote it."
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
  description = "Memory in MB; Lambda gives CPU in proportion to it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Lambda takes 128 to 10240 MB of memory."
  }
}

variable "timeout_seconds" {
  description = "Time limit of one call in seconds; below the 30 seconds after which API Gateway gives up."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds < 30
    error_message = "A function's timeout must be 1 to 29 seconds: API Gateway gives up after 30."
  }
}

variable "reserved_concurrency" {
  description = "How many calls may run at once, kept free for this function; null for a share of the account's."
  type        = number
  default     = null

  # Zero would stop the function.
  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1
    error_message = "A function that may run at all needs a concurrency of at least 1; null for a share of the account's."
  }
}

variable "environment_variables" {
  description = "The function's configuration, beside GRIDBID_ENVIRONMENT; no secrets, only where to read them."
  type        = map(string)
  default     = {}
}

variable "policy_statements" {
  description = "What the function may do beside writing to its own log group: actions on exact ARNs."
  type = list(object({
    actions   = list(string)
    resources = list(string)
  }))
  default = []

  validation {
    condition     = !anytrue([for statement in var.policy_statements : anytrue([for action in statement.actions : strcontains(action, "*")])])
    error_message = "Name every action: a role holds no wildcard."
  }

  validation {
    condition     = !anytrue([for statement in var.policy_statements : contains(statement.resources, "*")])
    error_message = "Name every resource by its ARN: a role holds no wildcard."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that no role of this environment goes beyond; null for none."
  type        = string
  default     = null
}

variable "key" {
  description = "The environment's key, which encrypts the log; null for CloudWatch's own."
  type        = object({ arn = string })
  default     = null
}

variable "log_retention_days" {
  description = "Days that the function's logs are kept."
  type        = number
}

variable "alarms" {
  description = "Topics that the function's alarms tell, and the 99th percentile of its duration in milliseconds above which it is too slow; null for no alarms."
  type = object({
    topic_arns   = list(string)
    p99_limit_ms = number
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : var.alarms.p99_limit_ms > 0 && var.alarms.p99_limit_ms < 1000 * var.timeout_seconds
    error_message = "A duration that alarms lies between 0 and the function's timeout, which no call outlasts."
  }

  validation {
    condition     = var.alarms == null ? true : length(var.alarms.topic_arns) > 0
    error_message = "An alarm that tells nobody is none: name at least one topic."
  }
}

variable "canary" {
  description = "Whether a new version first gets a tenth of the calls for five minutes, watched by the alarms."
  type        = bool
  default     = false

  validation {
    condition     = !var.canary || var.alarms != null
    error_message = "A canary without alarms would notice nothing: give the function alarms."
  }
}
