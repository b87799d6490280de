# Settings of a bucket.

variable "name" {
  description = "Name of the bucket. Bucket names are global, so it contains the account outside the local cloud."
  type        = string
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes its objects."
  type        = bool
  default     = false
}

variable "key" {
  description = "KMS key for the objects; null for S3's default key."
  type        = object({ arn = string })
  default     = null
}

variable "versioned" {
  description = "Whether the bucket keeps overwritten and deleted objects as versions."
  type        = bool
  default     = true
}

variable "object_lock" {
  description = "Whether objects can be put with a retention, which keeps them from being deleted. Can only be set for a new bucket."
  type        = bool
  default     = false

  validation {
    condition     = !var.object_lock || (var.versioned && !var.force_destroy)
    error_message = "Object Lock needs versioning, and a bucket with retained objects cannot be destroyed."
  }
}

variable "expiration_days" {
  description = "Days after which an object is deleted; null for never."
  type        = number
  default     = null

  validation {
    condition     = var.expiration_days == null ? true : var.expiration_days >= 1
    error_message = "expiration_days must be at least 1, or null to keep objects forever."
  }
}

variable "noncurrent_version_days" {
  description = "Days after which an overwritten version is deleted; null keeps all versions."
  type        = number
  default     = null

  validation {
    condition     = var.noncurrent_version_days == null ? true : var.noncurrent_version_days >= 1
    error_message = "noncurrent_version_days must be at least 1, or null to keep versions forever."
  }
}

variable "access_log" {
  description = "Bucket and prefix of the access log; null for none."
  type        = object({ bucket = string, prefix = string })
  default     = null
}

variable "policy_statements" {
  description = "Policy statements in addition to the one that requires TLS. A null principal means everyone; prefixes start with a slash."
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
    error_message = "A statement that allows must name a principal; only a denial can apply to everyone."
  }

  validation {
    condition     = alltrue([for statement in var.policy_statements : statement.effect == "Deny" || length(statement.condition) > 0])
    error_message = "A statement that allows needs a condition."
  }
}
