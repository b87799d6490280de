# The HTTP API: every route under the same authorization, throttled, handed to an alias.

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
    error_message = "Both routes, and no other, must ask for a signature and reach the function."
  }

  assert {
    condition     = aws_apigatewayv2_integration.function["orders-api"].payload_format_version == "2.0" && aws_apigatewayv2_integration.function["orders-api"].integration_uri == var.functions["orders-api"].alias_invoke_arn
    error_message = "The function's alias must be called with payload format 2.0."
  }

  assert {
    condition     = aws_lambda_permission.api["orders-api"].qualifier == "live" && aws_lambda_permission.api["orders-api"].source_arn == "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/*/*"
    error_message = "This API alone may call the alias."
  }

  assert {
    condition     = aws_apigatewayv2_stage.default.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.default.default_route_settings[0].throttling_burst_limit == 100
    error_message = "Calls must be throttled."
  }

  assert {
    condition     = !strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "body") && strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "$context.status")
    error_message = "Each call leaves a line in the access log, never its body."
  }
}

run "tokens_are_checked_by_an_authorizer" {
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
    error_message = "Every route must ask for a token."
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

run "a_route_to_no_function_is_refused" {
  command = plan

  module {
    source = "../modules/http-api"
  }

  variables {
    routes = { "GET /results/{date}" = "report-results" }
  }

  expect_failures = [var.routes]
}
