# What an environment decides about the table of orders.

variable "environment" {
  description = "Name of the environment; part of the table's name."
  type        = string
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last day."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted."
  type        = bool
}

variable "key" {
  description = "The environment's key, which encrypts the table; null for DynamoDB's own."
  type        = object({ arn = string })
  default     = null
}
