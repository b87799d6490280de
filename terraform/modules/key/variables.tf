# What the stack decides about the key.

variable "environment" {
  description = "Name of the environment; part of the alias."
  type        = string
}
