# Settings of the submission.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "stream_arn" {
  description = "ARN of the stream of the orders table, with new images."
  type        = string
}

variable "submit_orders" {
  description = "The function submit-orders, reached through its alias."
  type = object({
    alias_arn      = string
    log_group_name = string
  })
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary for all roles of this environment; null for none."
  type        = string
  default     = null
}

variable "key" {
  description = "KMS key for the queues, which also encrypts the stream; null for the services' default keys."
  type        = object({ arn = string })
  default     = null
}

variable "visibility_timeout_seconds" {
  description = "Seconds after which a message whose delivery got no answer is delivered again; AWS recommends six times the function's timeout."
  type        = number
  default     = 180
}

variable "maximum_concurrency" {
  description = "Maximum number of concurrent invocations of submit-orders, and so of requests to the auction platform."
  type        = number
  default     = 5

  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000
    error_message = "The concurrency of an event source mapping must be 2 to 1000 (Lambda)."
  }
}

variable "alarm_topic_arns" {
  description = "Topics of the alarms; empty for no alarms."
  type        = list(string)
  default     = []
}
