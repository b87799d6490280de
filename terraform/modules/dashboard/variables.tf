# Contents of the dashboard.

variable "environment" {
  description = "Name of the environment; the dashboard's name."
  type        = string
}

variable "api_id" {
  description = "ID of the HTTP API."
  type        = string
}

variable "functions" {
  description = "The functions, by name."
  type        = map(object({ function_name = string }))
}

variable "state_machine_arn" {
  description = "ARN of the state machine of results runs."
  type        = string
}

variable "table_names" {
  description = "Names of the tables."
  type        = list(string)
}

variable "queue_names" {
  description = "Names of the queues of failed messages."
  type        = list(string)
}

variable "submission" {
  description = "Queue and pipe of the submission; null without an auction platform."
  type = object({
    queue_name = string
    pipe_name  = string
  })
  default = null
}

variable "alarm_arns" {
  description = "ARNs of all alarms."
  type        = list(string)
}
