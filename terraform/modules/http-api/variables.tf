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

variable "cors_origins" {
  description = "Origins of the web pages that may call the API from a browser; none for no CORS at all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "An origin is https:// and a host, such as https://desk.example.com, and never a wildcard."
  }
}

variable "domain" {
  description = "The API's own domain name, and the ARN of its certificate in this region; null for API Gateway's address."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null

  validation {
    condition     = var.domain == null ? true : can(regex("^arn:aws:acm:", var.domain.certificate_arn))
    error_message = "The domain's certificate is named by its ARN in ACM (arn:aws:acm:…), in the API's region."
  }
}

variable "key" {
  description = "The environment's key, which encrypts the access log; null for CloudWatch's own."
  type        = object({ arn = string })
  default     = null
}

variable "alarm_topic_arns" {
  description = "Topics that the alarm on 5xx tells; none for no alarm."
  type        = list(string)
  default     = []
}
