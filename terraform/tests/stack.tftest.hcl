# The stack: who may call it, and what each function is told and allowed.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/gridbid-dev-results-run-ended-badly" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:a" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/a" }
  }
  mock_resource "aws_lambda_alias" {
    defaults = {
      arn        = "arn:aws:lambda:eu-west-1:123456789012:function:a:live"
      invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:a:live/invocations"
    }
  }
  mock_resource "aws_lambda_function" {
    defaults = { version = "1" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "gridbid-dev-order-results-123456789012"
      arn = "arn:aws:s3:::gridbid-dev-order-results-123456789012"
    }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/slack-webhook-AbCdEf" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed" }
  }
}

variables {
  environment        = "dev"
  functions_manifest = "functions.json"
  artifacts_bucket   = "artifacts"
}

run "each_function_may_do_what_it_uses" {
  command = plan

  module {
    source = "../stack"
  }

  assert {
    condition = { for name, function in local.functions : name => [for statement in function.policy_statements : [statement.actions, statement.resources]] } == {
      orders-api      = [[["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders"]]]
      collect-results = []
      store-result    = [[["s3:PutObject"], ["arn:aws:s3:::gridbid-dev-order-results-123456789012/results/*"]]]
      close-run = [
        [["s3:PutObject"], ["arn:aws:s3:::gridbid-dev-order-results-123456789012/summaries/*"]],
        [["sns:Publish"], ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]],
      ]
      preview-orders = []
      report-results = [
        [["s3:ListBucket"], ["arn:aws:s3:::gridbid-dev-order-results-123456789012"]],
        [["s3:GetObject"], ["arn:aws:s3:::gridbid-dev-order-results-123456789012/summaries/*"]],
      ]
      notify-slack = [
        [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/slack-webhook-AbCdEf"]],
        [["sqs:SendMessage"], ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed"]],
      ]
    }
    error_message = "Each function must hold exactly the actions that it uses, on its own resources."
  }

  assert {
    condition = { for name, function in local.functions : name => function.environment_variables } == {
      orders-api      = { ORDERS_TABLE = "gridbid-dev-orders" }
      collect-results = {}
      store-result    = { RESULTS_BUCKET = "gridbid-dev-order-results-123456789012" }
      close-run = {
        RESULTS_BUCKET          = "gridbid-dev-order-results-123456789012"
        NOTIFICATIONS_TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
      }
      preview-orders = {}
      report-results = { RESULTS_BUCKET = "gridbid-dev-order-results-123456789012" }
      notify-slack   = { SLACK_WEBHOOK_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/slack-webhook-AbCdEf" }
    }
    error_message = "Each function must be told what it needs and nothing else."
  }
}

run "a_function_answers_before_the_state_machine_gives_up" {
  command = plan

  module {
    source = "../stack"
  }

  assert {
    condition = alltrue([
      for name, state in {
        collect-results = jsondecode(file("../modules/results-run/run.asl.json")).States.Collect
        store-result    = jsondecode(file("../modules/results-run/run.asl.json")).States.StoreOrders.ItemProcessor.States.StoreOrder
        close-run       = jsondecode(file("../modules/results-run/run.asl.json")).States.CloseRun
      } : local.functions[name].timeout_seconds < state.TimeoutSeconds
    ])
    error_message = "A function's timeout must be shorter than that of the task which calls it."
  }
}

run "a_platform_with_a_token_is_passed_on" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    auction_platform_url              = "https://platform.example/results"
    auction_platform_token_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf"
    auction_random_seed               = 18446744073709551615
    auction_random_ready_percent      = 0
  }

  assert {
    condition = local.functions["collect-results"].environment_variables == {
      AUCTION_PLATFORM_URL          = "https://platform.example/results"
      AUCTION_PLATFORM_TOKEN_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf"
      AUCTION_RANDOM_SEED           = "18446744073709551615"
      AUCTION_RANDOM_READY_PERCENT  = "0"
    }
    error_message = "The platform's settings must reach collect-results, the largest seed digit by digit."
  }

  assert {
    condition     = [for statement in local.functions["collect-results"].policy_statements : [statement.actions, statement.resources]] == [[["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf"]]]
    error_message = "collect-results may read the platform's token, and that secret alone."
  }
}

run "the_api_is_closed_unless_told_otherwise" {
  command = plan

  module {
    source = "../stack"
  }

  assert {
    condition     = var.authorization == "AWS_IAM"
    error_message = "An environment that says nothing must ask for signed requests."
  }
}

run "an_open_api_is_refused_outside_the_laptop" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    authorization = "open"
  }

  expect_failures = [var.authorization]
}

run "an_open_api_is_allowed_on_the_laptop" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    environment   = "local"
    authorization = "open"
  }

  assert {
    condition     = var.authorization == "open"
    error_message = "The local environment may be open."
  }
}

run "a_manifest_that_is_not_there_is_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    functions_manifest = "nowhere.json"
  }

  expect_failures = [var.functions_manifest]
}
