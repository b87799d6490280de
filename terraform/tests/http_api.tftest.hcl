# The HTTP API: authorization, throttling, aliases, CORS, domain and alarm.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3"
      execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3"
    }
  }
  mock_resource "aws_apigatewayv2_integration" {
    defaults = { id = "int1" }
  }
  mock_resource "aws_apigatewayv2_authorizer" {
    defaults = { id = "auth1" }
  }
}

variables {
  environment = "dev"
  functions = {
    orders-api = {
      function_name    = "gridbid-dev-orders-api"
      alias_name       = "live"
      alias_invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-orders-api:live/invocations"
      timeout_seconds  = 29
    }
  }
  routes = {
    "POST /orders"            = "orders-api"
    "GET /orders/{record_id}" = "orders-api"
  }
  authorization      = "AWS_IAM"
  throttle           = { requests_per_second = 50, burst = 100 }
  log_retention_days = 30
}

run "signed_requests_reach_the_alias" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  assert {
    condition     = { for key, route in aws_apigatewayv2_route.this : route.route_key => [route.authorization_type, route.target] } == { for key in ["POST /orders", "GET /orders/{record_id}"] : key => ["AWS_IAM", "integrations/int1"] }
    error_message = "There must be both routes and no others, and each must require a signature and invoke the function."
  }

  assert {
    condition     = aws_apigatewayv2_integration.function["orders-api"].payload_format_version == "2.0" && aws_apigatewayv2_integration.function["orders-api"].integration_uri == var.functions["orders-api"].alias_invoke_arn
    error_message = "The function's alias must be invoked with payload format 2.0."
  }

  assert {
    condition     = aws_lambda_permission.api["orders-api"].qualifier == "live" && aws_lambda_permission.api["orders-api"].source_arn == "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/*/*"
    error_message = "Only this API may invoke the alias."
  }

  assert {
    condition     = aws_apigatewayv2_stage.default.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.default.default_route_settings[0].throttling_burst_limit == 100
    error_message = "Requests must be throttled."
  }

  assert {
    condition     = !strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "body") && strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "$context.status")
    error_message = "The access log must have a line per request, without the body."
  }
}

run "tokens_are_validated_by_an_authorizer" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    authorization = "JWT"
    jwt           = { issuer = "https://issuer.example", audience = ["gridbid"] }
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.this : route.authorization_type == "JWT" && route.authorizer_id == "auth1"])
    error_message = "Every route must require a token."
  }
}

run "tokens_without_an_issuer_are_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    authorization = "JWT"
  }

  expect_failures = [var.jwt]
}

run "route_to_an_unknown_function_is_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    routes = { "GET /results/{date}" = "report-results" }
  }

  expect_failures = [var.routes]
}

run "cors_domain_and_alarm_are_off_by_default" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0 && !aws_apigatewayv2_api.this.disable_execute_api_endpoint && length(aws_apigatewayv2_domain_name.this) == 0 && length(aws_cloudwatch_metric_alarm.errors) == 0 && output.domain_target == null
    error_message = "CORS, domain and alarm must be off by default."
  }
}

run "cors_allows_only_the_given_origins" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    cors_origins = ["https://desk.example.com"]
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration).allow_origins == toset(["https://desk.example.com"]) && one(aws_apigatewayv2_api.this.cors_configuration).allow_methods == toset(["GET", "POST"])
    error_message = "CORS must allow the given origin and the methods of the routes only."
  }
}

run "custom_domain_disables_the_default_url" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    domain = { name = "orders.example.com", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/c" }
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint && aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].security_policy == "TLS_1_2" && aws_apigatewayv2_api_mapping.this[0].api_id == "a1b2c3" && output.endpoint == "https://orders.example.com"
    error_message = "With a domain, API Gateway's own URL must be disabled and TLS 1.2 the minimum."
  }
}

run "responses_of_5xx_raise_an_alarm" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    key              = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors[0].metric_name == "5xx" && aws_cloudwatch_metric_alarm.errors[0].dimensions == tomap({ ApiId = "a1b2c3" }) && aws_cloudwatch_metric_alarm.errors[0].alarm_actions == toset(var.alarm_topic_arns)
    error_message = "5xx responses must raise an alarm."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.kms_key_id == var.key.arn && aws_cloudwatch_log_group.access.retention_in_days == 30
    error_message = "The access log must be encrypted with the environment's key and have a retention."
  }
}

run "surges_of_refused_and_throttled_requests_raise_alarms" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
  }

  assert {
    condition     = toset(flatten([for query in aws_cloudwatch_metric_alarm.refusals[0].metric_query : [for metric in query.metric : [metric.metric_name, metric.dimensions.ApiId]]])) == toset(["Count", "4xx", "a1b2c3"]) && aws_cloudwatch_metric_alarm.refusals[0].threshold == 50 && aws_cloudwatch_metric_alarm.refusals[0].alarm_actions == toset(var.alarm_topic_arns)
    error_message = "A large share of refused requests must raise an alarm."
  }

  # The access log writes the status as text.
  assert {
    condition     = aws_cloudwatch_log_metric_filter.throttled[0].pattern == "{ $.status = \"429\" }" && jsondecode(aws_apigatewayv2_stage.default.access_log_settings[0].format).status == "$context.status" && aws_cloudwatch_metric_alarm.throttled[0].metric_name == aws_cloudwatch_log_metric_filter.throttled[0].metric_transformation[0].name && aws_cloudwatch_metric_alarm.throttled[0].threshold == 10
    error_message = "Throttled requests must be counted from the access log and raise an alarm."
  }
}

run "wildcard_origin_is_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    cors_origins = ["*"]
  }

  expect_failures = [var.cors_origins]
}

run "malformed_certificate_arn_is_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    domain = { name = "orders.example.com", certificate_arn = "orders" }
  }

  expect_failures = [var.domain]
}

run "throttle_of_zero_is_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    throttle = { requests_per_second = 0, burst = 100 }
  }

  expect_failures = [var.throttle]
}

run "unknown_authorization_is_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    authorization = "NONE"
  }

  expect_failures = [var.authorization]
}
