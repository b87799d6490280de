# What `cargo xtask up`, through `gridbid deploy`, tells the local environment.

variable "functions_manifest" {
  description = "Path of the release's functions.json."
  type        = string
}

variable "artifacts_bucket" {
  description = "Name of the bucket that holds the functions' zips."
  type        = string
}

variable "slack_webhook_url" {
  description = "Address of the local catcher that plays Slack's webhook."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^http://127\\.0\\.0\\.1:", var.slack_webhook_url))
    error_message = "The local cloud posts to a catcher on 127.0.0.1, never to Slack."
  }
}

variable "auction_platform_url" {
  description = "Address of an auction platform; null for the built-in one, which draws results at random."
  type        = string
  default     = null
}

variable "auction_random_seed" {
  description = "Seed of the random platform, for draws that can be repeated; null for none."
  type        = number
  default     = null
}

variable "auction_random_ready_percent" {
  description = "How often, in percent, the random platform says that results are ready; null for the function's own default."
  type        = number
  default     = null
}

variable "schedule_enabled" {
  description = "Whether the schedule starts a results run every five minutes."
  type        = bool
  default     = true
}

variable "poll_seconds" {
  description = "Seconds between two questions to the auction platform."
  type        = number
  default     = 1
}

variable "deadline_seconds" {
  description = "Seconds after its start at which a results run stops asking and fails."
  type        = number
  default     = 60
}

variable "lease_seconds" {
  description = "Seconds that a results run keeps the lock without renewing it; a run that died blocks the next ones for as long."
  type        = number
  default     = 150
}
