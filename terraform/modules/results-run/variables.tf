# Settings of the results run. The bounds follow from the retries and timeouts in run.asl.json.

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
  description = "ARN of the topic for failed runs."
  type        = string
}

variable "schedule_enabled" {
  description = "Whether the schedule starts runs."
  type        = bool
}

variable "poll_seconds" {
  description = "Seconds between two polls."
  type        = number

  validation {
    condition     = var.poll_seconds >= 1 && floor(var.poll_seconds) == var.poll_seconds
    error_message = "poll_seconds must be a whole number of at least 1."
  }
}

variable "deadline_seconds" {
  description = "Seconds after its start at which a run stops polling and fails."
  type        = number

  validation {
    condition     = var.deadline_seconds >= var.poll_seconds && floor(var.deadline_seconds) == var.deadline_seconds
    error_message = "deadline_seconds must be a whole number and at least poll_seconds, so that one more poll fits."
  }

  # The execution's timeout (12 hours) must leave time for the map after a late response.
  validation {
    condition     = var.deadline_seconds <= 8 * 3600
    error_message = "deadline_seconds must be at most 8 hours: the execution times out after 12."
  }

  # A poll has up to 29 events, in addition to the map's: Step Functions stops an execution at 25,000 events.
  validation {
    condition     = var.deadline_seconds / var.poll_seconds <= 100
    error_message = "A run can poll at most 100 times: raise poll_seconds or lower deadline_seconds."
  }
}

variable "lease_seconds" {
  description = "Lease of a run on its slot in seconds; a run that died blocks its slot until its lease expires."
  type        = number

  # Worst case between two renewals: the wait with its jitter, a poll (3 calls of 250 s and 3 s of backoff), and three calls to
  # the table (each 4 attempts of 5 s and 7 s of backoff).
  validation {
    condition     = var.lease_seconds >= 1.1 * var.poll_seconds + 850 && floor(var.lease_seconds) == var.lease_seconds
    error_message = "lease_seconds must be a whole number and at least 1.1 * poll_seconds + 850: the lease has to outlast a wait, a poll with its retries, and its renewal."
  }
}

variable "open_slot_alarm_seconds" {
  description = "Age in seconds at which a slot that is not done raises the alarm."
  type        = number
  default     = 3600

  validation {
    condition     = var.open_slot_alarm_seconds >= 300 && floor(var.open_slot_alarm_seconds) == var.open_slot_alarm_seconds
    error_message = "open_slot_alarm_seconds must be a whole number and at least 300, the period of the schedule."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary for all roles of this environment; null for none."
  type        = string
  default     = null
}

variable "key" {
  description = "KMS key for the runs table, the execution history and the log; null for the services' default keys."
  type        = object({ arn = string })
  default     = null
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue of starts and events that could not be delivered; null for none."
  type        = string
  default     = null
}

variable "watched" {
  description = "Whether runs are logged, traced and covered by alarms."
  type        = bool
  default     = false

  validation {
    condition     = !var.watched || (length(var.alarm_topic_arns) > 0 && var.collect_results_log_group_name != null && var.close_run_log_group_name != null && var.log_retention_days != null)
    error_message = "watched requires alarm_topic_arns, collect_results_log_group_name, close_run_log_group_name and log_retention_days."
  }
}

variable "alarm_topic_arns" {
  description = "Topics of the alarms; required if `watched`."
  type        = list(string)
  default     = []
}

variable "collect_results_log_group_name" {
  description = "Name of the log group of collect-results, in which open slots are counted; required if `watched`."
  type        = string
  default     = null
}

variable "close_run_log_group_name" {
  description = "Name of the log group of close-run, in which closed runs are counted; required if `watched`."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Retention of the log of the runs in days; required if `watched`."
  type        = number
  default     = null
}
