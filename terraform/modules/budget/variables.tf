# Settings of the budget.

variable "environment" {
  description = "Name of the environment; part of the budget's name."
  type        = string
}

variable "monthly_usd" {
  description = "Monthly budget of the account in US dollars."
  type        = number

  validation {
    condition     = var.monthly_usd > 0
    error_message = "The budget must be more than 0 US dollars a month."
  }
}

variable "topic_arn" {
  description = "ARN of the topic to notify."
  type        = string
}
