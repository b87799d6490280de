# The results run: schedule, roles, table, notifications and alarms.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/gridbid-dev-results-run" }
  }
  mock_resource "aws_scheduler_schedule_group" {
    defaults = { arn = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/gridbid-dev-results-run" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run" }
  }
}

variables {
  environment             = "dev"
  collect_results_arn     = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-collect-results:live"
  store_result_arn        = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-store-result:live"
  close_run_arn           = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-close-run:live"
  notifications_topic_arn = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
  schedule_enabled        = true
  poll_seconds            = 300
  deadline_seconds        = 7200
  lease_seconds           = 1200
}

run "schedule_fires_every_five_minutes" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.schedule_expression == "cron(0/5 * * * ? *)" && aws_scheduler_schedule.results_run.schedule_expression_timezone == "UTC" && aws_scheduler_schedule.results_run.flexible_time_window[0].mode == "OFF"
    error_message = "The schedule must fire every five minutes on the clock, in UTC, without a flexible window."
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.target[0].retry_policy[0].maximum_event_age_in_seconds == 3600
    error_message = "A delayed start must not fall into the next slot."
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.target[0].input == "{\"scheduled_time\": \"<aws.scheduler.scheduled-time>\"}"
    error_message = "The angle brackets must be unescaped: the scheduler replaces only the literal text."
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.state == "ENABLED"
    error_message = "The schedule must be enabled."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.scheduler.policy).Statement == [{
      Effect   = "Allow"
      Action   = ["states:StartExecution"]
      Resource = ["arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run"]
    }]
    error_message = "The scheduler may only start this state machine."
  }

  assert {
    condition = jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement[0].Condition.StringEquals == {
      "aws:SourceAccount" = "123456789012"
      "aws:SourceArn"     = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/gridbid-dev-results-run"
    }
    error_message = "Only this schedule group may assume the scheduler's role."
  }
}

run "role_invokes_three_functions_and_uses_one_table" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.state_machine.policy).Statement == [
      {
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [var.collect_results_arn, var.store_result_arn, var.close_run_arn]
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs"]
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:Query"]
        Resource = ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs/index/open_slots"]
      },
    ]
    error_message = "The state machine may only invoke the three functions, read and update items of the runs table, and query its index."
  }

  assert {
    condition = [for index in aws_dynamodb_table.runs.global_secondary_index : [index.name, index.hash_key, index.range_key, index.projection_type, tolist(index.non_key_attributes)]] == [
      ["open_slots", "open", "open_since", "INCLUDE", tolist(["slot"])],
    ]
    error_message = "The index must contain the slots that have the attribute `open`, by their age."
  }

  assert {
    condition     = aws_dynamodb_table.runs.ttl[0].enabled && aws_dynamodb_table.runs.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.runs.hash_key == "id"
    error_message = "Slots must expire by `expires_at`."
  }
}

run "failed_runs_are_reported" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.ended_badly.event_pattern) == {
      source        = ["aws.states"]
      "detail-type" = ["Step Functions Execution Status Change"]
      detail = {
        stateMachineArn = ["arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run"]
        status          = ["FAILED", "TIMED_OUT", "ABORTED"]
        error           = [{ "anything-but" = ["OrdersFailed"] }, null, { exists = false }]
      }
    }
    error_message = "Every failed run must be reported, except those that the summary reports."
  }

  assert {
    condition     = aws_cloudwatch_event_target.notifications.arn == var.notifications_topic_arn
    error_message = "Failed runs must be reported to the notifications topic."
  }
}

# The tests of the state machine's retries, catches and limits are in lambdas/rust/collect-results/tests/state_machine.rs.

run "undelivered_starts_and_events_are_kept" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-events-undeliverable"
    key                   = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.target[0].dead_letter_config[0].arn == var.dead_letter_queue_arn && aws_cloudwatch_event_target.notifications.dead_letter_config[0].arn == var.dead_letter_queue_arn
    error_message = "A start and an event that cannot be delivered must be kept."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.scheduler.policy).Statement : [statement.Action, statement.Resource]] == [
      [["states:StartExecution"], ["arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run"]],
      [["sqs:SendMessage"], ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-events-undeliverable"]],
      [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
    ]
    error_message = "The schedule sends to the encrypted queue with its own role."
  }
}

run "slot_is_named_as_in_the_state_machine" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.results_run.definition).States.CountOpenSlots.Arguments.IndexName == tolist(aws_dynamodb_table.runs.global_secondary_index)[0].name && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.CountOpenSlots.Arguments.ExpressionAttributeValues[":since"].N, "'3600'")
    error_message = "The state machine must count the slots of the index that are older than open_slot_alarm_seconds."
  }
}

run "settings_reach_the_state_machine" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.poll_seconds == "{% $number('300') %}" && jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.lease_seconds == "{% $number('1200') %}" && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.deadline, "'7200'") && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.slot, "'300'")
    error_message = "Poll interval, lease, deadline and period must reach the first state."
  }

  assert {
    condition     = !strcontains(aws_sfn_state_machine.results_run.definition, "$${")
    error_message = "The definition must not contain placeholders."
  }

  assert {
    condition     = aws_sfn_state_machine.results_run.type == "STANDARD" && jsondecode(aws_sfn_state_machine.results_run.definition).QueryLanguage == "JSONata"
    error_message = "The state machine must be STANDARD (runs take minutes and execute exactly once) and use JSONata."
  }
}

run "disabled_schedule_starts_nothing" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    schedule_enabled = false
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.state == "DISABLED"
    error_message = "The schedule must be disabled."
  }
}

run "lease_shorter_than_a_poll_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    lease_seconds = 1179
  }

  expect_failures = [var.lease_seconds]
}

run "too_many_polls_are_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    poll_seconds     = 1
    deadline_seconds = 101
  }

  expect_failures = [var.deadline_seconds]
}

run "deadline_near_the_execution_timeout_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    deadline_seconds = 28801
  }

  expect_failures = [var.deadline_seconds]
}

run "poll_interval_of_zero_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    poll_seconds = 0
  }

  expect_failures = [var.poll_seconds]
}

run "unwatched_run_has_no_log_trace_or_alarm" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.results_run) == 0 && length(aws_sfn_state_machine.results_run.tracing_configuration) == 0 && length(aws_cloudwatch_metric_alarm.overdue) == 0 && length(aws_cloudwatch_metric_alarm.open_slots) == 0 && length(aws_cloudwatch_metric_alarm.failure_event_lost) == 0 && length(aws_cloudwatch_metric_alarm.not_started) == 0 && length(aws_sfn_state_machine.results_run.encryption_configuration) == 0
    error_message = "Without `watched` and a key there must be no log, traces, alarms or encryption with a key."
  }
}

run "watched_run_is_logged_without_its_data" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched                        = true
    alarm_topic_arns               = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    collect_results_log_group_name = "/aws/lambda/gridbid-dev-collect-results"
    close_run_log_group_name       = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days             = 30
    key                            = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
    permissions_boundary_arn       = "arn:aws:iam::123456789012:policy/gridbid-boundary"
  }

  assert {
    condition     = aws_sfn_state_machine.results_run.logging_configuration[0].level == "ALL" && aws_sfn_state_machine.results_run.logging_configuration[0].include_execution_data == false
    error_message = "Every state must be logged, without execution data."
  }

  assert {
    condition     = aws_sfn_state_machine.results_run.tracing_configuration[0].enabled
    error_message = "Runs must be traced."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.results_run[0].name, "/aws/vendedlogs/states/") && aws_cloudwatch_log_group.results_run[0].retention_in_days == 30 && aws_cloudwatch_log_group.results_run[0].kms_key_id == var.key.arn
    error_message = "The log group must have the vended-logs prefix, encryption and a retention."
  }

  # The history contains orders and is kept for 90 days.
  assert {
    condition     = aws_sfn_state_machine.results_run.encryption_configuration[0].type == "CUSTOMER_MANAGED_KMS_KEY" && aws_sfn_state_machine.results_run.encryption_configuration[0].kms_key_id == var.key.arn
    error_message = "The history of executions must be encrypted with the environment's key."
  }

  assert {
    condition     = aws_dynamodb_table.runs.server_side_encryption[0].kms_key_arn == var.key.arn
    error_message = "The runs table must be encrypted with the environment's key."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : [statement.Action, statement.Resource]] == [
      [["lambda:InvokeFunction"], [var.collect_results_arn, var.store_result_arn, var.close_run_arn]],
      [["dynamodb:GetItem", "dynamodb:UpdateItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs"]],
      [["dynamodb:Query"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs/index/open_slots"]],
      [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/k"]],
      [
        [
          "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
          "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
        ],
        ["*"],
      ],
      [["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"], ["*"]],
    ]
    error_message = "If watched, the role may also use the key and deliver logs and traces."
  }

  assert {
    condition     = aws_iam_role.state_machine.permissions_boundary == var.permissions_boundary_arn && aws_iam_role.scheduler.permissions_boundary == var.permissions_boundary_arn
    error_message = "Both roles must be under the boundary."
  }
}

run "overdue_run_raises_an_alarm_without_data" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched                        = true
    alarm_topic_arns               = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    collect_results_log_group_name = "/aws/lambda/gridbid-dev-collect-results"
    close_run_log_group_name       = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days             = 30
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.closed[0].pattern == "{ $.outcome = \"ok\" && $.run = * }" && aws_cloudwatch_log_metric_filter.closed[0].log_group_name == "/aws/lambda/gridbid-dev-close-run"
    error_message = "Closed runs must be counted by ok lines with a run, which excludes probes."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].metric_name == aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].name && aws_cloudwatch_metric_alarm.overdue[0].namespace == aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].namespace
    error_message = "The alarm must use the metric of the filter."
  }

  # 7200 seconds are 24 periods of five minutes, plus two.
  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].period == 300 && aws_cloudwatch_metric_alarm.overdue[0].evaluation_periods == 26 && aws_cloudwatch_metric_alarm.overdue[0].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.overdue[0].threshold == 1
    error_message = "No closed run within the deadline and two periods must raise an alarm."
  }

  # A function that is never invoked counts nothing. A new alarm has no data either, and must not be raised by a first deployment.
  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].treat_missing_data == "missing" && aws_cloudwatch_metric_alarm.overdue[0].alarm_actions == toset(var.alarm_topic_arns) && aws_cloudwatch_metric_alarm.overdue[0].insufficient_data_actions == toset(var.alarm_topic_arns)
    error_message = "The end of data must be reported; missing data alone must raise no alarm."
  }

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.not_started : alarm.alarm_name => [alarm.namespace, alarm.metric_name, alarm.dimensions.ScheduleGroup, alarm.threshold] } == { gridbid-dev-results-run-start-dropped = ["AWS/Scheduler", "InvocationDroppedCount", "gridbid-dev-results-run", 1], gridbid-dev-results-run-start-refused = ["AWS/Scheduler", "TargetErrorCount", "gridbid-dev-results-run", 1] }
    error_message = "A start that the schedule gave up or that was refused must raise an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.failure_event_lost[0].metric_name == "FailedInvocations" && aws_cloudwatch_metric_alarm.failure_event_lost[0].dimensions == tomap({ RuleName = "gridbid-dev-results-run-ended-badly" })
    error_message = "A failed run that the topic does not accept must raise an alarm."
  }
}

run "open_slots_raise_an_alarm" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched                        = true
    alarm_topic_arns               = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    collect_results_log_group_name = "/aws/lambda/gridbid-dev-collect-results"
    close_run_log_group_name       = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days             = 30
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.open_slots[0].pattern == "{ $.open_slots >= 0 }" && aws_cloudwatch_log_metric_filter.open_slots[0].metric_transformation[0].value == "$.open_slots" && aws_cloudwatch_log_metric_filter.open_slots[0].log_group_name == "/aws/lambda/gridbid-dev-collect-results"
    error_message = "Open slots must be counted from the log of collect-results."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.open_slots[0].metric_name == aws_cloudwatch_log_metric_filter.open_slots[0].metric_transformation[0].name && aws_cloudwatch_metric_alarm.open_slots[0].statistic == "Maximum" && aws_cloudwatch_metric_alarm.open_slots[0].threshold == 1 && aws_cloudwatch_metric_alarm.open_slots[0].treat_missing_data == "notBreaching" && aws_cloudwatch_metric_alarm.open_slots[0].alarm_actions == toset(var.alarm_topic_arns)
    error_message = "One slot that stays open must raise the alarm; missing data must not."
  }
}

run "disabled_schedule_is_never_overdue" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched                        = true
    schedule_enabled               = false
    alarm_topic_arns               = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    collect_results_log_group_name = "/aws/lambda/gridbid-dev-collect-results"
    close_run_log_group_name       = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days             = 30
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.overdue) == 0
    error_message = "Without a schedule there must be no overdue alarm."
  }
}

run "watched_without_topics_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched = true
  }

  expect_failures = [var.watched]
}
