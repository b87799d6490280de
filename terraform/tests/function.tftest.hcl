# A function: code by hash, alias, permissions, alarms and canary.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/gridbid-dev-store-result" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/gridbid-dev-store-result" }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn     = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-store-result"
      version = "7"
    }
  }
  mock_resource "aws_lambda_alias" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-store-result:live" }
  }
  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gridbid-dev-store-result" }
  }
  mock_resource "aws_codedeploy_app" {
    defaults = { arn = "arn:aws:codedeploy:eu-west-1:123456789012:application:gridbid-dev-store-result" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
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

run "code_is_addressed_by_its_hash" {
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
    error_message = "The alias `live` must be created with the first version."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ GRIDBID_ENVIRONMENT = "dev", RESULTS_BUCKET = "results" })
    error_message = "The environment variables must be GRIDBID_ENVIRONMENT and the given ones."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/gridbid-dev-store-result" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must exist before the function, with the given retention."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "The function must log to the group with the retention."
  }
}

run "role_has_its_logs_and_the_given_statements" {
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
    error_message = "The role must have two statements: its own logs, and the given one."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { Service = "lambda.amazonaws.com" }
    error_message = "Only Lambda may assume the role."
  }
}

run "function_without_alarms_has_no_canary" {
  command = plan

  module {
    source = "../modules/function"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0 && length(aws_codedeploy_deployment_group.canary) == 0 && output.deployment == null
    error_message = "By default there must be neither alarms nor a canary, and the alias is shifted at once."
  }
}

run "alarms_count_faults_and_not_rejections" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    alarms = { topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"], p99_limit_ms = 5000 }
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.faults[0].pattern == "{ ($.outcome = \"fault\") || ($.type = \"platform.report\" && ($.record.status = \"timeout\" || $.record.status = \"failure\")) }"
    error_message = "Faults must be log lines with that outcome and invocations stopped by Lambda, not `rejected` or `refused`."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.faults[0].log_group_name == "/aws/lambda/gridbid-dev-store-result"
    error_message = "Faults must be counted in the function's log."
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => [alarm.namespace, alarm.metric_name, alarm.period, alarm.threshold, alarm.datapoints_to_alarm, alarm.evaluation_periods] } == {
      faults    = ["Gridbid/dev", "store-result-faults", 60, 1, 1, 6]
      throttles = ["AWS/Lambda", "Throttles", 60, 1, 1, 6]
      p99       = ["AWS/Lambda", "Duration", 60, 5000, 2, 5]
    }
    error_message = "The alarms must cover faults, throttles and p99, and not AWS/Lambda Errors, which counts rejections."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["faults"].metric_name == aws_cloudwatch_log_metric_filter.faults[0].metric_transformation[0].name && aws_cloudwatch_metric_alarm.this["faults"].namespace == aws_cloudwatch_log_metric_filter.faults[0].metric_transformation[0].namespace
    error_message = "The alarm on faults must use the metric of the filter."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.treat_missing_data == "notBreaching" && alarm.alarm_actions == toset(var.alarms.topic_arns) && alarm.ok_actions == toset(var.alarms.topic_arns)])
    error_message = "Every alarm must notify the topic when it starts and ends, and stay OK without invocations."
  }
}

run "canary_is_rolled_back_on_every_alarm" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    alarms = { topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"], p99_limit_ms = 5000 }
    canary = true
  }

  assert {
    condition     = output.deployment == { application = "gridbid-dev-store-result", group = "live" }
    error_message = "The output must name CodeDeploy's application and group."
  }

  assert {
    condition     = aws_codedeploy_app.canary[0].compute_platform == "Lambda" && aws_codedeploy_deployment_group.canary[0].deployment_config_name == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    error_message = "A new version must first get 10 % of the invocations for five minutes."
  }

  assert {
    condition     = aws_codedeploy_deployment_group.canary[0].alarm_configuration[0].enabled && !aws_codedeploy_deployment_group.canary[0].alarm_configuration[0].ignore_poll_alarm_failure && aws_codedeploy_deployment_group.canary[0].alarm_configuration[0].alarms == toset(["gridbid-dev-store-result-faults", "gridbid-dev-store-result-throttles", "gridbid-dev-store-result-p99"])
    error_message = "All three alarms must stop a canary, and so must unreadable alarms."
  }

  assert {
    condition     = aws_codedeploy_deployment_group.canary[0].auto_rollback_configuration[0].enabled && aws_codedeploy_deployment_group.canary[0].auto_rollback_configuration[0].events == toset(["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"])
    error_message = "A canary that fails, raises an alarm or is stopped must be rolled back."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.canary[0].policy).Statement == [
      {
        Effect = "Allow"
        Action = ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
        Resource = [
          "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-store-result",
          "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-store-result:live",
        ]
      },
      {
        Effect   = "Allow"
        Action   = ["cloudwatch:DescribeAlarms"]
        Resource = ["*"]
      },
    ]
    error_message = "CodeDeploy may only shift this function's alias and read alarms."
  }

  assert {
    condition = jsondecode(aws_iam_role.canary[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:codedeploy:eu-west-1:123456789012:deploymentgroup:gridbid-dev-store-result/*" }
    }
    error_message = "Only deployments of this application may assume the role."
  }
}

run "canary_without_alarms_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    canary = true
  }

  expect_failures = [var.canary]
}

run "p99_limit_beyond_the_timeout_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    alarms = { topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"], p99_limit_ms = 10000 }
  }

  expect_failures = [var.alarms]
}

run "alarms_without_a_topic_are_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    alarms = { topic_arns = [], p99_limit_ms = 5000 }
  }

  expect_failures = [var.alarms]
}

run "boundary_key_and_concurrency_are_applied" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
    key                      = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
    reserved_concurrency     = 5
    alarms                   = { topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"], p99_limit_ms = 5000 }
    canary                   = true
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn && aws_iam_role.canary[0].permissions_boundary == var.permissions_boundary_arn
    error_message = "Both roles must be under the boundary."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.key.arn && aws_lambda_function.this.reserved_concurrent_executions == 5
    error_message = "The log must be encrypted with the key, and the concurrency must be reserved."
  }
}

run "concurrency_of_zero_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}

run "name_with_capitals_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    name = "StoreResult"
  }

  expect_failures = [var.name]
}

run "memory_above_the_maximum_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    memory_mb = 20480
  }

  expect_failures = [var.memory_mb]
}

run "wildcard_action_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    policy_statements = [{ actions = ["s3:*"], resources = ["arn:aws:s3:::results/results/*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "wildcard_resource_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    policy_statements = [{ actions = ["s3:PutObject"], resources = ["*"] }]
  }

  expect_failures = [var.policy_statements]
}

run "timeout_beyond_five_minutes_is_refused" {
  command = plan

  module {
    source = "../modules/function"
  }

  variables {
    timeout_seconds = 301
  }

  expect_failures = [var.timeout_seconds]
}

run "malformed_hash_is_refused" {
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
