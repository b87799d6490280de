# The HTTP API: each route invokes the alias of one function, with payload format 2.0.
#
# All routes have the same authorization. Requests are throttled and leave one line without the body in the access log. CORS
# allows only the given origins. With a custom domain, API Gateway's own URL is disabled. The domain's DNS record is not managed.

resource "aws_apigatewayv2_api" "this" {
  name          = "gridbid-${var.environment}-api"
  description   = "Orders for the energy-market auction"
  protocol_type = "HTTP"

  disable_execute_api_endpoint = var.domain != null

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []

    content {
      allow_origins = cors_configuration.value
      allow_methods = distinct([for key in keys(var.routes) : split(" ", key)[0]])
      allow_headers = ["authorization", "content-type"]
      max_age       = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.authorization == "JWT" ? 1 : 0

  name             = "jwt"
  api_id           = aws_apigatewayv2_api.this.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audience
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = var.functions

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = each.value.alias_invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "this" {
  # checkov:skip=CKV_AWS_309: AWS_IAM or JWT outside the local environment, enforced by terraform/stack

  for_each = var.routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
  authorization_type = var.authorization == "open" ? "NONE" : var.authorization
  authorizer_id      = one(aws_apigatewayv2_authorizer.jwt[*].id)
}

resource "aws_lambda_permission" "api" {
  for_each = var.functions

  statement_id  = "AllowHttpApi"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function_name
  qualifier     = each.value.alias_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

resource "aws_cloudwatch_log_group" "access" {
  # checkov:skip=CKV_AWS_338: Set by the environment: one year in prod, two weeks in dev, one day locally

  name              = "/aws/apigateway/${aws_apigatewayv2_api.this.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.key[*].arn)
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.throttle.requests_per_second
    throttling_burst_limit = var.throttle.burst
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      request_id     = "$context.requestId"
      time           = "$context.requestTime"
      source_ip      = "$context.identity.sourceIp"
      principal      = "$context.identity.userArn"
      subject        = "$context.authorizer.claims.sub"
      route          = "$context.routeKey"
      status         = "$context.status"
      latency_ms     = "$context.responseLatency"
      response_bytes = "$context.responseLength"
      error          = "$context.integrationErrorMessage"
    })
  }
}

# The custom domain.

resource "aws_apigatewayv2_domain_name" "this" {
  count = var.domain == null ? 0 : 1

  domain_name = var.domain.name

  domain_name_configuration {
    certificate_arn = var.domain.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  count = var.domain == null ? 0 : 1

  api_id      = aws_apigatewayv2_api.this.id
  domain_name = aws_apigatewayv2_domain_name.this[0].id
  stage       = aws_apigatewayv2_stage.default.id
}

# For functions that cannot be reached and log nothing. Single faults trip the functions' own alarms.
resource "aws_cloudwatch_metric_alarm" "errors" {
  count = length(var.alarm_topic_arns) > 0 ? 1 : 0

  alarm_name        = "${aws_apigatewayv2_api.this.name}-errors"
  alarm_description = "Ten 5xx responses in five minutes: a function fails or cannot be reached"

  namespace   = "AWS/ApiGateway"
  metric_name = "5xx"
  dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 10
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}

# Refused requests are the callers' business until there are many: a client or a token is broken, or somebody guesses.
resource "aws_cloudwatch_metric_alarm" "refusals" {
  count = length(var.alarm_topic_arns) > 0 ? 1 : 0

  alarm_name        = "${aws_apigatewayv2_api.this.name}-refusals"
  alarm_description = "More than half of at least 100 requests in five minutes were refused (4xx)"

  metric_query {
    id          = "share"
    expression  = "IF(requests >= 100, 100 * refused / requests, 0)"
    label       = "Refused requests (%)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { requests = "Count", refused = "4xx" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApiGateway"
        metric_name = metric_query.value
        dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  comparison_operator = "GreaterThanThreshold"
  threshold           = 50
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}

# API Gateway has no metric of throttled requests.
resource "aws_cloudwatch_log_metric_filter" "throttled" {
  count = length(var.alarm_topic_arns) > 0 ? 1 : 0

  name           = "${aws_apigatewayv2_api.this.name}-throttled"
  log_group_name = aws_cloudwatch_log_group.access.name
  pattern        = "{ $.status = \"429\" }"

  metric_transformation {
    namespace     = "Gridbid/${var.environment}"
    name          = "api-throttled"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  count = length(var.alarm_topic_arns) > 0 ? 1 : 0

  alarm_name        = "${aws_apigatewayv2_api.this.name}-throttled"
  alarm_description = "Ten requests in five minutes exceeded the API's rate limit (429)"

  namespace   = aws_cloudwatch_log_metric_filter.throttled[0].metric_transformation[0].namespace
  metric_name = aws_cloudwatch_log_metric_filter.throttled[0].metric_transformation[0].name
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 10
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}
