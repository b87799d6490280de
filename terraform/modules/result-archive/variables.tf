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
