# What the stack decides about the HTTP API.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "functions" {
  description = "The functions behind the API, by name, each reached through its alias."
  type = map(object({
    function_name    = string
    alias_name       = string
    alias_invoke_arn = string
  }))
}

variable "routes" {
  description = "Which function answers which route: `POST /orders` = `orders-api`."
  type        = map(string)

  validation {
    condition     = alltrue([for key in keys(var.routes) : can(regex("^(GET|POST|PUT|PATCH|DELETE) /", key))])
    error_message = "A route's key is a method and a path, such as `POST /orders`."
  }

  validation {
    condition     = alltrue([for name in values(var.routes) : contains(keys(var.functions), name)])
    error_message = "Every route must name one of the given functions."
  }
}

variable "authorization" {
  description = "Who may call: anyone (open), signed requests (AWS_IAM) or bearers of a token (JWT)."
  type        = string

  validation {
    condition     = contains(["open", "AWS_IAM", "JWT"], var.authorization)
    error_message = "The authorization is open, AWS_IAM or JWT."
  }
}

variable "jwt" {
  description = "Issuer and audiences of the tokens, when the authorization is JWT."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null

  validation {
    condition     = (var.authorization == "JWT") == (var.jwt != null)
    error_message = "Give the tokens' issuer and audience when the authorization is JWT, and only then."
  }
}

variable "throttle" {
  description = "How many requests a second the API takes on average, and how many at once."
  type = object({
    requests_per_second = number
    burst               = number
  })

  validation {
    condition     = var.throttle.requests_per_second > 0 && var.throttle.burst > 0
    error_message = "A throttle of zero would close the API."
  }
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
}
