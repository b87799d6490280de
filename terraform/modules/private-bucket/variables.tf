# What the caller decides about a bucket.

variable "name" {
  description = "Name of the bucket; such names are global, so outside the local cloud it carries the account."
  type        = string
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes what it holds."
  type        = bool
  default     = false
}

variable "key" {
  description = "The key that encrypts the objects; null for S3's own."
  type        = object({ arn = string })
  default     = null
}

variable "versioned" {
  description = "Whether what is overwritten or deleted can be had back."
  type        = bool
  default     = true
}

variable "expiration_days" {
  description = "Days after which an object is deleted; null for never."
  type        = number
  default     = null

  validation {
    condition     = var.expiration_days == null ? true : var.expiration_days >= 1
    error_message = "Objects are kept for at least one day; null keeps them for ever."
  }
}

variable "noncurrent_version_days" {
  description = "Days after which an overwritten version is deleted; null keeps them all."
  type        = number
  default     = null

  validation {
    condition     = var.noncurrent_version_days == null ? true : var.noncurrent_version_days >= 1
    error_message = "Overwritten versions are kept for at least one day; null keeps them for ever."
  }
}

variable "access_log" {
  description = "Bucket and prefix of the log of who asked for what; null for no such log."
  type        = object({ bucket = string, prefix = string })
  default     = null
}

variable "policy_statements" {
  description = "Statements of the bucket's policy beside the one that asks for TLS; a principal of null is everyone, a prefix begins with a slash."
  type = list(object({
    sid       = string
    effect    = string
    principal = optional(map(list(string)))
    actions   = list(string)
    prefixes  = list(string)
    condition = map(map(list(string)))
  }))
  default = []

  validation {
    condition     = alltrue([for statement in var.policy_statements : statement.effect == "Deny" || statement.principal != null])
    error_message = "A bucket's policy may deny everyone, and never allow everyone: name the principal."
  }

  validation {
    condition     = alltrue([for statement in var.policy_statements : statement.effect == "Deny" || length(statement.condition) > 0])
    error_message = "Bind whom a bucket's policy allows by a condition."
  }
}
