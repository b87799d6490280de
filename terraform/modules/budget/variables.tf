# What an environment decides about its costs.

variable "environment" {
  description = "Name of the environment; part of the budget's name."
  type        = string
}

variable "monthly_usd" {
  description = "US dollars that the account is meant to cost in a month."
  type        = number

  validation {
    condition     = var.monthly_usd > 0
    error_message = "A budget is more than 0 US dollars a month."
  }
}

variable "topic_arn" {
  description = "ARN of the topic that is told."
  type        = string
}
