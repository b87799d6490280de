# What the stack decides about notifications.

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
  description = "The environment's key, which encrypts topics, queues and the secret; null for the services' own."
  type        = object({ arn = string })
  default     = null
}

variable "watched" {
  description = "Whether alarms watch the queues, and a second topic reaches people without Slack."
  type        = bool
  default     = false
}

variable "emails" {
  description = "Addresses that are told by mail when Slack cannot be told."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "Each of the emails is an address such as desk@example.com."
  }
}

variable "told_of_pipeline" {
  description = "Whether the pipeline that delivers to every environment tells its failures and approvals here."
  type        = bool
  default     = false
}

variable "pipeline_name" {
  description = "Name of that pipeline."
  type        = string
  default     = "gridbid-delivery"
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be had back: 0 (at once gone) or 7 to 30."
  type        = number

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30)
    error_message = "Secrets Manager takes 0 or 7 to 30 days of recovery."
  }
}

variable "failed_message_days" {
  description = "Days that a message which could not be delivered or posted is kept for sending it again."
  type        = number
  default     = 14

  validation {
    condition     = var.failed_message_days >= 1 && var.failed_message_days <= 14
    error_message = "SQS keeps a message for 1 to 14 days."
  }
}
