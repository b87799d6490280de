# The submission: which records reach the queue, how long messages stay, permissions and alarms.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

override_resource {
  target          = aws_sqs_queue.dead_letters
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-submission-dead-letters" }
}

override_resource {
  target          = aws_sqs_queue.orders
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-submission" }
}

variables {
  environment = "dev"
  stream_arn  = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-orders/stream/2026-11-22T00:00:00.000"
  submit_orders = {
    alias_arn      = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-submit-orders:live"
    log_group_name = "/aws/lambda/gridbid-dev-submit-orders"
  }
}

run "pending_orders_reach_the_queue" {
  command = plan

  module {
    source = "../modules/submission"
  }

  assert {
    condition     = aws_pipes_pipe.orders.source == var.stream_arn && aws_pipes_pipe.orders.target == aws_sqs_queue.orders.arn
    error_message = "The pipe must lead from the table's stream to the queue."
  }

  # Write-backs have another status; deletions have no image.
  assert {
    condition = [for filter in aws_pipes_pipe.orders.source_parameters[0].filter_criteria[0].filter : jsondecode(filter.pattern)] == [{
      eventName = ["INSERT", "MODIFY"]
      dynamodb  = { NewImage = { submission_status = { S = ["pending"] } } }
    }]
    error_message = "Only new images of pending orders may match, with equality alone."
  }

  assert {
    condition     = aws_pipes_pipe.orders.source_parameters[0].dynamodb_stream_parameters[0].starting_position == "TRIM_HORIZON" && aws_pipes_pipe.orders.source_parameters[0].dynamodb_stream_parameters[0].batch_size == 10
    error_message = "The pipe must start with the oldest record, in batches that SQS takes."
  }

  assert {
    condition     = aws_pipes_pipe.orders.source_parameters[0].dynamodb_stream_parameters[0].maximum_retry_attempts == 100 && aws_pipes_pipe.orders.source_parameters[0].dynamodb_stream_parameters[0].on_partial_batch_item_failure == "AUTOMATIC_BISECT"
    error_message = "A record that SQS refuses must not block the others on its shard."
  }
}

run "messages_outlive_their_orders" {
  command = plan

  module {
    source = "../modules/submission"
  }

  assert {
    condition     = aws_sqs_queue.orders.message_retention_seconds > 86400 + 12 * 3600
    error_message = "A message must outlive the 24 hours of its order and the longest delay."
  }

  # The delays grow from 5 to 900 seconds, each at least half of its bound: 24 hours are at most 200 deliveries.
  assert {
    condition     = jsondecode(aws_sqs_queue.orders.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 1000 } && 1000 * 900 / 2 > 86400
    error_message = "Retries must go on until the order expires."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 14 * 86400
    error_message = "Dead letters must be kept for 14 days, SQS's maximum."
  }

  assert {
    condition     = aws_sqs_queue.orders.visibility_timeout_seconds == 180
    error_message = "The visibility timeout must be six times the function's timeout."
  }

  assert {
    condition     = aws_sqs_queue.orders.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Without a key, SQS must encrypt with its own."
  }
}

run "function_gets_batches_and_returns_single_messages" {
  command = plan

  module {
    source = "../modules/submission"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.orders.function_name == var.submit_orders.alias_arn && aws_lambda_event_source_mapping.orders.batch_size == 100 && aws_lambda_event_source_mapping.orders.maximum_batching_window_in_seconds == 1
    error_message = "The alias must get up to 100 orders at once."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.orders.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "A failed order must not return the whole batch."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.orders.scaling_config[0].maximum_concurrency == 5
    error_message = "The number of concurrent requests to the platform must be limited."
  }
}

run "pipe_has_the_permissions_it_uses" {
  command = plan

  module {
    source = "../modules/submission"
  }

  variables {
    key                      = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.pipe.policy).Statement : [statement.Action, statement.Resource]] == [
      [["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], [var.stream_arn]],
      [["dynamodb:ListStreams"], ["*"]],
      [["sqs:SendMessage"], ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-submission"]],
      [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
    ]
    error_message = "The pipe may only read the stream, send to the queue and use the key."
  }

  assert {
    condition = jsondecode(aws_iam_role.pipe.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "pipes.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }] && aws_iam_role.pipe.permissions_boundary == var.permissions_boundary_arn
    error_message = "Only this account's pipes may assume the role, under the boundary."
  }

  assert {
    condition     = aws_sqs_queue.orders.kms_master_key_id == var.key.arn && aws_sqs_queue.dead_letters.kms_master_key_id == var.key.arn
    error_message = "The queues must be encrypted with the environment's key."
  }
}

run "delays_dead_letters_and_pipe_failures_raise_alarms" {
  command = plan

  module {
    source = "../modules/submission"
  }

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => join(" ", concat([alarm.namespace, alarm.metric_name], values(coalesce(alarm.dimensions, {})), [tostring(alarm.threshold)])) } == {
      gridbid-dev-submission-delayed                = "AWS/SQS ApproximateAgeOfOldestMessage gridbid-dev-submission 900"
      gridbid-dev-submission-waiting                = "Gridbid/dev orders-deferred 1"
      gridbid-dev-submission-dead-letters-not-empty = "AWS/SQS ApproximateNumberOfMessagesVisible gridbid-dev-submission-dead-letters 1"
      gridbid-dev-submission-pipe-failed            = "AWS/EventBridge/Pipes ExecutionFailed gridbid-dev-submission 1"
      gridbid-dev-submission-pipe-partly-failed     = "AWS/EventBridge/Pipes ExecutionPartiallyFailed gridbid-dev-submission 1"
    }
    error_message = "Delays, waiting orders, dead letters and failures of the pipe must raise alarms."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset(var.alarm_topic_arns) && alarm.ok_actions == toset(var.alarm_topic_arns) && alarm.treat_missing_data == "notBreaching"])
    error_message = "Alarms must notify the topics and be silent on idle queues."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.deferred[0].pattern == "{ $.deferred > 0 }" && aws_cloudwatch_log_metric_filter.deferred[0].log_group_name == var.submit_orders.log_group_name
    error_message = "Waiting orders must be counted from the function's log."
  }
}

run "local_cloud_has_no_alarms" {
  command = plan

  module {
    source = "../modules/submission"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0 && length(aws_cloudwatch_log_metric_filter.deferred) == 0
    error_message = "Without topics there must be no alarms."
  }
}

run "concurrency_below_lambdas_minimum_is_refused" {
  command = plan

  module {
    source = "../modules/submission"
  }

  variables {
    maximum_concurrency = 1
  }

  expect_failures = [var.maximum_concurrency]
}
