# Settings of the console.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "domain" {
  description = "Domain name of the console and the ARN of its certificate in us-east-1, where CloudFront reads it."
  type = object({
    name            = string
    certificate_arn = string
  })

  validation {
    condition     = can(regex("^arn:aws:acm:us-east-1:", var.domain.certificate_arn))
    error_message = "The console's certificate must be an ACM ARN in us-east-1 (arn:aws:acm:us-east-1:…): CloudFront takes no other."
  }
}

variable "api_endpoint" {
  description = "URL of the HTTP API, without a path."
  type        = string

  validation {
    condition     = can(regex("^https://[^/]+/?$", var.api_endpoint))
    error_message = "The API's URL must be https:// and a host."
  }
}

variable "issuer" {
  description = "OIDC issuer that signs people in: the issuer that the API trusts."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.:-]+(/[^;, ]*)?$", var.issuer))
    error_message = "The issuer must be an https URL."
  }
}

variable "issuer_origins" {
  description = "More origins of the issuer that the page calls, such as that of Amazon Cognito's token endpoint."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.issuer_origins : can(regex("^https://[A-Za-z0-9.:-]+$", origin))])
    error_message = "An origin must be https:// and a host, without wildcards."
  }
}

variable "client_id" {
  description = "Client ID of the console at the issuer: a public client that uses PKCE."
  type        = string

  validation {
    condition     = length(trimspace(var.client_id)) > 0
    error_message = "The console needs a client ID."
  }
}

variable "scope" {
  description = "Scopes that sign-in asks for, separated by spaces."
  type        = string
}

variable "audience" {
  description = "Identifier of the API that sign-in asks a token for (the parameter `audience`), where the issuer needs one; null otherwise."
  type        = string
  default     = null
}
