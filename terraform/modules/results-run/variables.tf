# What the stack decides about the results run. The bounds follow from the retries and time limits in run.asl.json.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "collect_results_arn" {
  description = "ARN of the alias of collect-results."
  type        = string
}

variable "store_result_arn" {
  description = "ARN of the alias of store-result."
  type        = string
}

variable "close_run_arn" {
  description = "ARN of the alias of close-run."
  type        = string
}

variable "notifications_topic_arn" {
  description = "ARN of the topic that is told of runs that end badly."
  type        = string
}

variable "schedule_enabled" {
  description = "Whether the schedule starts runs."
  type        = bool
}

variable "poll_seconds" {
  description = "Seconds between two questions to collect-results."
  type        = number

  validation {
    condition     = var.poll_seconds >= 1 && floor(var.poll_seconds) == var.poll_seconds
    error_message = "A run waits a whole number of seconds, at least one, between two questions."
  }
}

variable "deadline_seconds" {
  description = "Seconds after its start at which a run stops asking and fails."
  type        = number

  validation {
    condition     = var.deadline_seconds >= var.poll_seconds && floor(var.deadline_seconds) == var.deadline_seconds
    error_message = "The deadline is a whole number of seconds and leaves time for at least one more question."
  }

  # The machine's own limit (12 hours) must leave time for the map of a late answer.
  validation {
    condition     = var.deadline_seconds <= 8 * 3600
    error_message = "The deadline is at most 8 hours: the state machine stops after 12."
  }

  # About 15 events each, beside the map's: Step Functions stops an execution at 25,000 events.
  validation {
    condition     = var.deadline_seconds / var.poll_seconds <= 500
    error_message = "At most 500 questions fit into one run: raise poll_seconds or lower deadline_seconds."
  }
}

variable "lease_seconds" {
  description = "Seconds that a run keeps the lock without renewing it; a run that died blocks the next ones for as long."
  type        = number

  # Collect at worst: 4 calls of 25 s and 7 s between them; a renewal at worst: 4 calls of 5 s and 7 s between them.
  validation {
    condition     = var.lease_seconds >= var.poll_seconds + 140 && floor(var.lease_seconds) == var.lease_seconds
    error_message = "The lease is a whole number of seconds and at least 140 longer than poll_seconds: it must outlast a wait, a question with its retries and its own renewal."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that no role of this environment goes beyond; null for none."
  type        = string
  default     = null
}

variable "key" {
  description = "The environment's key, which encrypts the table of runs and the log; null for the services' own."
  type        = object({ arn = string })
  default     = null
}

variable "watched" {
  description = "Whether the runs are logged, traced and watched by alarms."
  type        = bool
  default     = false

  validation {
    condition     = !var.watched || (length(var.alarm_topic_arns) > 0 && var.close_run_log_group_name != null && var.log_retention_days != null)
    error_message = "A watched run needs topics for its alarms, the log group of close-run, and the days that its own log is kept."
  }
}

variable "alarm_topic_arns" {
  description = "Topics that the alarms tell, where the runs are watched."
  type        = list(string)
  default     = []
}

variable "close_run_log_group_name" {
  description = "Name of the log group of close-run, in which closed runs are counted, where the runs are watched."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days that the log of the runs is kept, where they are watched."
  type        = number
  default     = null
}
