# What an environment decides about the bucket of results.

variable "bucket_name" {
  description = "Name of the bucket; bucket names are global, so outside the local cloud it carries the account."
  type        = string
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes what it holds."
  type        = bool
}

variable "noncurrent_version_days" {
  description = "Days after which an overwritten version is deleted; null keeps them all and sets no lifecycle."
  type        = number
  default     = null

  validation {
    condition     = var.noncurrent_version_days == null ? true : var.noncurrent_version_days >= 1
    error_message = "Overwritten versions are kept for at least one day."
  }
}

variable "key" {
  description = "The environment's key, which encrypts the objects; null for S3's own."
  type        = object({ arn = string })
  default     = null
}

variable "access_log_days" {
  description = "Days that the log of accesses is kept; null for no such log."
  type        = number
  default     = null

  validation {
    condition     = var.access_log_days == null ? true : var.access_log_days >= 1
    error_message = "Accesses are logged for at least one day, or not at all (null)."
  }
}
