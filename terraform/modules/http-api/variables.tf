# Settings of the HTTP API.

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "functions" {
  description = "Functions behind the API by name, with their aliases."
  type = map(object({
    function_name    = string
    alias_name       = string
    alias_invoke_arn = string
    timeout_seconds  = number
  }))

  validation {
    condition     = alltrue([for function in var.functions : function.timeout_seconds < 30])
    error_message = "A function behind the API must have a timeout of at most 29 seconds: API Gateway times out after 30."
  }
}

variable "routes" {
  description = "Function of each route: `POST /orders` = `orders-api`."
  type        = map(string)

  validation {
    condition     = alltrue([for key in keys(var.routes) : can(regex("^(GET|POST|PUT|PATCH|DELETE) /", key))])
    error_message = "A route's key must be a method and a path, such as `POST /orders`."
  }

  validation {
    condition     = alltrue([for name in values(var.routes) : contains(keys(var.functions), name)])
    error_message = "Every route must name one of the given functions."
  }
}

variable "authorization" {
  description = "Who can call the API: anyone (open), signed requests (AWS_IAM) or bearers of a token (JWT)."
  type        = string

  validation {
    condition     = contains(["open", "AWS_IAM", "JWT"], var.authorization)
    error_message = "The authorization must be open, AWS_IAM or JWT."
  }
}

variable "jwt" {
  description = "Issuer and audiences of the tokens; required if and only if the authorization is JWT."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null

  validation {
    condition     = (var.authorization == "JWT") == (var.jwt != null)
    error_message = "jwt is required if and only if the authorization is JWT."
  }
}

variable "throttle" {
  description = "Rate limit of the API: average requests per second, and burst."
  type = object({
    requests_per_second = number
    burst               = number
  })

  validation {
    condition     = var.throttle.requests_per_second > 0 && var.throttle.burst > 0
    error_message = "Rate and burst must be greater than zero."
  }
}

variable "log_retention_days" {
  description = "Retention of the access log, in days."
  type        = number
}

variable "cors_origins" {
  description = "Origins of web pages that can call the API from a browser; empty disables CORS."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "An origin must be https:// and a host, such as https://desk.example.com, without wildcards."
  }
}

variable "domain" {
  description = "Custom domain name of the API and the ARN of its certificate in this region; null for API Gateway's URL."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null

  validation {
    condition     = var.domain == null ? true : can(regex("^arn:aws:acm:", var.domain.certificate_arn))
    error_message = "The domain's certificate must be an ACM ARN (arn:aws:acm:…) in the API's region."
  }
}

variable "key" {
  description = "KMS key for the access log; null for CloudWatch's default key."
  type        = object({ arn = string })
  default     = null
}

variable "alarm_topic_arns" {
  description = "Topics of the alarm on 5xx responses; empty for no alarm."
  type        = list(string)
  default     = []
}
