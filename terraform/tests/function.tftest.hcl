# One function: loaded by hash, reached by its alias, allowed exactly what it was given.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/gridbid-dev-store-result" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/gridbid-dev-store-result" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { version = "7" }
  }
}

variables {
  name        = "store-result"
  environment = "dev"
  description = "Files one accepted order"
  code = {
    runtime       = "provided.al2023"
    handler       = "bootstrap"
    architecture  = "x86_64"
    sha256        = "5555555555555555555555555555555555555555555555555555555555555555"
    sha256_base64 = "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU="
  }
  artifacts_bucket      = "artifacts"
  timeout_seconds       = 10
  environment_variables = { RESULTS_BUCKET = "results" }
  policy_statements     = [{ actions = ["s3:PutObject"], resources = ["arn:aws:s3:::results/results/*"] }]
  log_retention_days    = 30
}

run "a_function_is_loaded_by_its_hash" {
  command = plan

  module {
    source = "../modules/function"
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "artifacts" && aws_lambda_function.this.s3_key == "functions/store-result/${var.code.sha256}.zip"
    error_message = "The zip must be loaded from functions/<name>/<sha256>.zip."
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == var.code.sha256_base64 && aws_lambda_function.this.publish
    error_message = "A new hash must publish a new version."
  }

  assert {
    condition     = aws_lambda_alias.live.name == "live" && aws_lambda_alias.live.function_version == "7"
    error_message = "The alias `live` must point at the version that was published last."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ GRIDBID_ENVIRONMENT = "dev", RESULTS_BUCKET = "results" })
    error_message = "The function must be told its environment and what the caller gave, and nothing else."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/gridbid-dev-store-result" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must exist before the function and keep its lines for the given days."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "The function must log to the group that has a retention."
  }
}

run "a_role_holds_its_own_logs_and_what_was_given" {
  command = plan

  module {
    source = "../modules/function"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/gridbid-dev-store-result:*"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["arn:aws:s3:::results/results/*"]
      },
    ]
    error_message = "The role must hold two statements: its own logs, and what the caller gave."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = "lambda.amazonaws.com" }
    error_message = "Only Lambda may take the role."
  }
}

run "a_wildcard_action_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    policy_statements = [{ actions = ["s3:*"], resources = ["arn:aws:s3:::results/results/*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_wildcard_resource_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    policy_statements = [{ actions = ["s3:PutObject"], resources = ["*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "a_timeout_beyond_the_apis_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    timeout_seconds = 30
  }

  expect_failures = [var.timeout_seconds]
}

run "a_hash_that_is_none_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    code = {
      runtime       = "provided.al2023"
      handler       = "bootstrap"
      architecture  = "x86_64"
      sha256        = "latest"
      sha256_base64 = "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU="
    }
  }

  expect_failures = [var.code]
}
