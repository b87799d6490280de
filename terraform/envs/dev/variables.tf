# Settings that differ between companies: set as TF_VAR_… or in a file that is not committed.

variable "functions_manifest" {
  description = "Path of the release's functions.json."
  type        = string
}

variable "artifacts_bucket" {
  description = "Artifacts bucket created by terraform/bootstrap."
  type        = string
}

variable "authorization" {
  description = "Who can call the API: signed requests (AWS_IAM) or bearers of a token (JWT)."
  type        = string
  default     = "AWS_IAM"
}

variable "jwt" {
  description = "Issuer and audiences of the tokens; required if and only if the authorization is JWT."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null
}

variable "console" {
  description = "The console: its client ID at the issuer of jwt, its domain name with the ARN of a certificate in us-east-1, the scopes and the audience of a sign-in, and more origins of the issuer that the page calls; null for no console. Requires the authorization JWT."
  type = object({
    client_id      = string
    domain         = object({ name = string, certificate_arn = string })
    scope          = optional(string, "openid")
    audience       = optional(string)
    issuer_origins = optional(list(string), [])
  })
  default = null
}

variable "auction_platform_url" {
  description = "Base URL of the auction platform; null for the built-in random platform, to which no order is submitted."
  type        = string
  default     = null
}

variable "auction_platform_token_secret_arn" {
  description = "ARN of the secret with the auction platform's bearer token, named gridbid/dev/… and encrypted with the environment's key or Secrets Manager's; null if it needs none."
  type        = string
  default     = null
}

variable "schedule_enabled" {
  description = "Whether the schedule starts a results run every five minutes."
  type        = bool
  default     = true
}

variable "alarm_emails" {
  description = "Email addresses for alarms on the path to Slack."
  type        = list(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "Monthly budget of the account in US dollars."
  type        = number
  default     = 50
}
