# What differs from one company to the next: given as TF_VAR_… or in a file that is not committed.

variable "functions_manifest" {
  description = "Path of the release's functions.json."
  type        = string
}

variable "artifacts_bucket" {
  description = "Bucket of artifacts that terraform/bootstrap made."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "ARN of the boundary that terraform/bootstrap made."
  type        = string
}

variable "authorization" {
  description = "Who may call the API: signed requests (AWS_IAM) or bearers of a token (JWT)."
  type        = string
  default     = "AWS_IAM"
}

variable "jwt" {
  description = "Issuer and audiences of the tokens, when the authorization is JWT."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null
}

variable "auction_platform_url" {
  description = "Address of the auction platform; null for the built-in one, which draws results at random."
  type        = string
  default     = null
}

variable "auction_platform_token_secret_arn" {
  description = "ARN of the secret with the auction platform's bearer token; null if it asks for none."
  type        = string
  default     = null
}

variable "alarm_emails" {
  description = "Addresses that are told by mail when Slack cannot be told."
  type        = list(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "US dollars that the account is meant to cost in a month."
  type        = number
  default     = 50
}
