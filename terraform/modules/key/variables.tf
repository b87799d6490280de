# Settings of the key.

variable "environment" {
  description = "Name of the environment; part of the alias."
  type        = string
}
