# The stack: authorization, and the environment variables and permissions of each function.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  environment        = "dev"
  functions_manifest = "functions.json"
  artifacts_bucket   = "artifacts"
}

override_module {
  target = module.order_store
  outputs = {
    table_name = "gridbid-dev-orders"
    table_arn  = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders"
    stream_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders/stream/2026-11-22T00:00:00.000"
  }
}

override_module {
  target = module.result_archive
  outputs = {
    bucket_name = "results"
    bucket_arn  = "arn:aws:s3:::results"
  }
}

override_data {
  target          = data.aws_kms_key.environment
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
}

override_module {
  target = module.results_run
  outputs = {
    state_machine_arn    = "arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run"
    schedule_name        = "gridbid-dev-results-run"
    runs_table_name      = "gridbid-dev-runs"
    runs_table_arn       = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs"
    open_slots_index_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs/index/open_slots"
    alarm_arns           = []
  }
}

override_module {
  target = module.alerts
  outputs = {
    topic_arn                     = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
    escalations_topic_arn         = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations"
    slack_webhook_secret_arn      = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/slack-webhook-AbCdEf"
    notify_slack_failed_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed"
    undeliverable_queue_url       = "https://sqs.eu-west-1.amazonaws.com/123456789012/gridbid-dev-notifications-undeliverable"
    notify_slack_failed_queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/gridbid-dev-notify-slack-failed"
    queue_names                   = ["gridbid-dev-notifications-undeliverable", "gridbid-dev-notify-slack-failed"]

    events_undeliverable_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-events-undeliverable"
    alarm_arns                     = []
  }
}

run "functions_have_the_permissions_they_use" {
  command = plan

  module {
    source = "../stack"
  }

  assert {
    condition = { for name, function in local.functions : name => [for statement in function.policy_statements : [statement.actions, statement.resources]] } == {
      orders-api = [
        [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
        [["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders"]],
      ]
      collect-results = [
        [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
        [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::results/answers/*"]],
        [["s3:ListBucket"], ["arn:aws:s3:::results"]],
      ]
      store-result = [
        [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
        [["s3:GetObject"], ["arn:aws:s3:::results/answers/*"]],
        [["s3:PutObject"], ["arn:aws:s3:::results/results/*", "arn:aws:s3:::results/reports/*"]],
        [["s3:ListBucket"], ["arn:aws:s3:::results"]],
      ]
      close-run = [
        [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
        [["s3:GetObject"], ["arn:aws:s3:::results/reports/*", "arn:aws:s3:::results/summaries/*"]],
        [["s3:PutObject"], ["arn:aws:s3:::results/summaries/*"]],
        [["s3:ListBucket"], ["arn:aws:s3:::results"]],
        [["sns:Publish"], ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]],
      ]
      preview-orders = []
      report-results = [
        [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
        [["s3:ListBucket"], ["arn:aws:s3:::results"]],
        [["s3:GetObject"], ["arn:aws:s3:::results/answers/*", "arn:aws:s3:::results/summaries/*"]],
        [["dynamodb:BatchGetItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs"]],
        [["dynamodb:Query"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs/index/open_slots"]],
      ]
      notify-slack = [
        [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
        [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/slack-webhook-AbCdEf"]],
        [["sqs:SendMessage"], ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed"]],
      ]
    }
    error_message = "Each function must have exactly the actions it uses, on its own resources."
  }

  assert {
    condition = { for name, function in local.functions : name => function.environment_variables } == {
      orders-api      = { ORDERS_TABLE = "gridbid-dev-orders" }
      collect-results = { RESULTS_BUCKET = "results" }
      store-result    = { RESULTS_BUCKET = "results" }
      close-run = {
        RESULTS_BUCKET          = "results"
        NOTIFICATIONS_TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
      }
      preview-orders = {}
      report-results = { RESULTS_BUCKET = "results", RUNS_TABLE = "gridbid-dev-runs" }
      notify-slack   = { SLACK_WEBHOOK_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/slack-webhook-AbCdEf" }
    }
    error_message = "Each function must have exactly the environment variables it needs."
  }
}

run "on_aws_turns_off_what_the_local_cloud_lacks" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    environment = "local"
    on_aws      = false
  }

  assert {
    condition     = local.key == null && length(local.key_statements) == 0 && length(module.dashboard) == 0 && length(module.budget) == 0 && alltrue([for function in output.functions : function.deployment == null])
    error_message = "on_aws must turn off everything that the local cloud lacks."
  }
}

run "concurrency_of_an_unknown_function_is_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    reserved_concurrency = { orders = 5 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "function_timeouts_are_below_task_timeouts" {
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
    error_message = "A function's timeout must be shorter than that of the task that invokes it."
  }
}

run "platform_settings_reach_the_functions" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    auction_platform_url              = "https://platform.example"
    auction_platform_token_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/token-AbCdEf"
    auction_random_seed               = 18446744073709551615
    auction_random_ready_percent      = 0
  }

  assert {
    condition = local.functions["collect-results"].environment_variables == {
      RESULTS_BUCKET                = "results"
      AUCTION_PLATFORM_URL          = "https://platform.example"
      AUCTION_PLATFORM_TOKEN_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/token-AbCdEf"
      AUCTION_RANDOM_SEED           = "18446744073709551615"
      AUCTION_RANDOM_READY_PERCENT  = "0"
    }
    error_message = "The platform's settings must reach collect-results, including every digit of the largest seed."
  }

  assert {
    condition     = [for statement in local.functions["collect-results"].policy_statements : statement.resources if contains(statement.actions, "secretsmanager:GetSecretValue")] == [["arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/token-AbCdEf"]]
    error_message = "collect-results may read only the secret with the platform's token."
  }

  assert {
    condition = local.functions["orders-api"].environment_variables == { ORDERS_TABLE = "gridbid-dev-orders", SUBMIT_ORDERS = "true" } && local.functions["submit-orders"].environment_variables == {
      AUCTION_PLATFORM_URL             = "https://platform.example"
      AUCTION_PLATFORM_TOKEN_SECRET    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/token-AbCdEf"
      ORDERS_TABLE                     = "gridbid-dev-orders"
      NOTIFICATIONS_TOPIC_ARN          = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
      SUBMISSION_QUEUE_URL             = "https://sqs.eu-west-1.amazonaws.com/123456789012/gridbid-dev-submission"
      SUBMISSION_DEAD_LETTER_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/gridbid-dev-submission-dead-letters"
    }
    error_message = "With a platform, orders must be stored as pending, and submit-orders must know the platform, the table, the topic and its queues."
  }

  assert {
    condition = [for statement in local.functions["submit-orders"].policy_statements : [statement.actions, statement.resources]] == [
      [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
      [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/dev/token-AbCdEf"]],
      [["dynamodb:UpdateItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders"]],
      [["sns:Publish"], ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]],
      [["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-submission"]],
      [["sqs:SendMessage"], ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-submission-dead-letters"]],
    ]
    error_message = "submit-orders must have exactly the actions it uses, on its own resources."
  }

  assert {
    condition     = output.submission_queue_url == "https://sqs.eu-west-1.amazonaws.com/123456789012/gridbid-dev-submission" && output.submission_dead_letter_queue_url == "https://sqs.eu-west-1.amazonaws.com/123456789012/gridbid-dev-submission-dead-letters" && output.submission_pipe_name == "gridbid-dev-submission"
    error_message = "Tools must get the submission's queues and pipe."
  }
}

run "records_are_retained_if_configured" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    results_retention_days = 1827
  }

  assert {
    condition     = alltrue([for name in ["store-result", "close-run"] : local.functions[name].environment_variables.RESULTS_RETENTION_DAYS == "1827" && contains(flatten(local.functions[name].policy_statements[*].actions), "s3:PutObjectRetention")])
    error_message = "The functions that put results, reports and summaries must know the term and may set it."
  }

  assert {
    condition     = { for name in ["store-result", "close-run"] : name => sort(flatten([for statement in local.functions[name].policy_statements : statement.resources if contains(statement.actions, "s3:PutObjectRetention")])) } == { for name in ["store-result", "close-run"] : name => sort(flatten([for statement in local.functions[name].policy_statements : statement.resources if contains(statement.actions, "s3:PutObject")])) }
    error_message = "They must be allowed to set the term of everything that they put."
  }

  assert {
    condition     = !contains(keys(local.functions["collect-results"].environment_variables), "RESULTS_RETENTION_DAYS")
    error_message = "Answers are not retained."
  }
}

run "retained_results_in_a_destroyable_environment_are_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    results_retention_days = 30
    deletion_protection    = false
  }

  expect_failures = [var.results_retention_days]
}

run "token_of_another_environment_is_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    auction_platform_url              = "https://platform.example"
    auction_platform_token_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/prod/token-AbCdEf"
  }

  expect_failures = [var.auction_platform_token_secret_arn]
}

run "without_a_platform_nothing_is_submitted" {
  command = plan

  module {
    source = "../stack"
  }

  assert {
    condition     = length(module.submission) == 0 && !contains(keys(output.functions), "submit-orders") && output.submission_queue_url == null && output.submission_dead_letter_queue_url == null && output.submission_pipe_name == null
    error_message = "Without an auction platform there must be no queue, pipe or function of the submission."
  }
}

run "production_without_a_platform_is_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    environment = "prod"
  }

  expect_failures = [var.auction_platform_url]
}

run "api_requires_signatures_by_default" {
  command = plan

  module {
    source = "../stack"
  }

  assert {
    condition     = var.authorization == "AWS_IAM"
    error_message = "The default authorization must be AWS_IAM."
  }
}

run "open_api_is_refused_outside_local" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    authorization = "open"
  }

  expect_failures = [var.authorization]
}

run "open_api_is_allowed_in_local" {
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
    error_message = "The local environment can be open."
  }
}

run "missing_manifest_is_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    functions_manifest = "nowhere.json"
  }

  expect_failures = [var.functions_manifest]
}
