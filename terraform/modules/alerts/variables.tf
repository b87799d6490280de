# Settings of notifications.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "notify_slack" {
  description = "The function notify-slack, reached through its alias."
  type = object({
    function_name = string
    alias_name    = string
    alias_arn     = string
  })
}

variable "key" {
  description = "KMS key for topics, queues and the secret; null for the services' default keys."
  type        = object({ arn = string })
  default     = null
}

variable "watched" {
  description = "Whether the queues have alarms and there is a second topic for email."
  type        = bool
  default     = false
}

variable "emails" {
  description = "Email addresses for alarms on the path to Slack."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "Each email address must have the form desk@example.com."
  }
}

variable "pipeline_notifications" {
  description = "Whether failures and approvals of the delivery pipeline are reported here."
  type        = bool
  default     = false
}

variable "pipeline_name" {
  description = "Name of the delivery pipeline."
  type        = string
  default     = "gridbid-delivery"
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be restored: 0 (deleted immediately), or 7 to 30."
  type        = number

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30)
    error_message = "The recovery window must be 0, or 7 to 30 days (Secrets Manager)."
  }
}

variable "failed_message_days" {
  description = "Days that a failed notification is kept for a redrive."
  type        = number
  default     = 14

  validation {
    condition     = var.failed_message_days >= 1 && var.failed_message_days <= 14
    error_message = "The retention must be 1 to 14 days (SQS)."
  }
}
