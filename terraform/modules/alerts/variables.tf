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

variable "publishing_rule_arns" {
  description = "ARNs of the EventBridge rules that may publish to the topic."
  type        = list(string)

  validation {
    condition     = length(var.publishing_rule_arns) > 0
    error_message = "Name at least one rule: an empty condition would let no rule publish."
  }
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
