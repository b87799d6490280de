# Settings of the orders table.

variable "environment" {
  description = "Name of the environment; part of the table's name."
  type        = string
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last day."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether the table is protected from deletion."
  type        = bool
}

variable "stream" {
  description = "Whether the table has a stream of new images."
  type        = bool
  default     = false
}

variable "key" {
  description = "KMS key for the table; null for DynamoDB's default key."
  type        = object({ arn = string })
  default     = null
}
