# Settings of the results bucket.

variable "bucket_name" {
  description = "Name of the bucket. Bucket names are global, so it contains the account outside the local cloud."
  type        = string
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes its objects."
  type        = bool
}

variable "object_lock" {
  description = "Whether objects can be put with a retention. Can only be set for a new bucket."
  type        = bool
  default     = false
}

variable "noncurrent_version_days" {
  description = "Days after which an overwritten version is deleted; null keeps all versions and sets no lifecycle."
  type        = number
  default     = null

  validation {
    condition     = var.noncurrent_version_days == null ? true : var.noncurrent_version_days >= 1
    error_message = "noncurrent_version_days must be at least 1, or null."
  }
}

variable "key" {
  description = "KMS key for the objects; null for S3's default key."
  type        = object({ arn = string })
  default     = null
}

variable "access_log_days" {
  description = "Retention of the access log in days; null for no access log."
  type        = number
  default     = null

  validation {
    condition     = var.access_log_days == null ? true : var.access_log_days >= 1
    error_message = "access_log_days must be at least 1, or null for no access log."
  }
}
