# Variables that `cargo xtask up` sets through `gridbid deploy`.

variable "functions_manifest" {
  description = "Path of the release's functions.json."
  type        = string
}

variable "artifacts_bucket" {
  description = "Name of the bucket that holds the zips of the functions."
  type        = string
}

variable "delivered_by_role" {
  description = "Whether the deploy role of terraform/bootstrap deploys: it can only create roles under its boundary, and buckets named after the environment."
  type        = bool
  default     = false
}

variable "console_bucket" {
  description = "Name of an existing bucket into which deployments write the console; null for none, as the simulators serve the console."
  type        = string
  default     = null
}

variable "slack_webhook_url" {
  description = "Webhook URL of the local Slack simulator."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^http://127\\.0\\.0\\.1:", var.slack_webhook_url))
    error_message = "The local cloud must post to the simulator on 127.0.0.1, never to Slack."
  }
}

variable "auction_platform_url" {
  description = "Base URL of an auction platform; null for the built-in random platform, to which no order is submitted."
  type        = string
  default     = null
}

variable "auction_random_seed" {
  description = "Seed of the random platform, for reproducible results; null for none."
  type        = number
  default     = null
}

variable "auction_random_ready_percent" {
  description = "Probability in percent that the random platform has results ready; null for the function's default."
  type        = number
  default     = null
}

variable "schedule_enabled" {
  description = "Whether the schedule starts a results run every five minutes."
  type        = bool
  default     = true
}

variable "poll_seconds" {
  description = "Seconds between two polls of the auction platform."
  type        = number
  default     = 1
}

variable "deadline_seconds" {
  description = "Seconds after its start at which a results run stops polling and fails."
  type        = number
  default     = 60
}

variable "lease_seconds" {
  description = "Lease of a results run on its slot in seconds; a run that died blocks its slot until its lease expires."
  type        = number
  default     = 900
}

variable "reserved_concurrency" {
  description = "Reserved concurrency by function name."
  type        = map(number)
  default     = {}
}
