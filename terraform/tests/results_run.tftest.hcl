# The results run: schedule, roles, notifications, and the state machine's retries, catches and time limits.

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
  lease_seconds           = 600
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
    condition     = aws_scheduler_schedule.results_run.target[0].retry_policy[0].maximum_event_age_in_seconds == 240
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

run "role_invokes_three_functions_and_updates_one_table" {
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
        Action   = ["dynamodb:UpdateItem"]
        Resource = ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs"]
      },
    ]
    error_message = "The state machine may only invoke the three functions and update items of the runs table."
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

run "only_transient_errors_are_retried" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition = alltrue([
      for state in [
        jsondecode(aws_sfn_state_machine.results_run.definition).States.Collect,
        jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.ItemProcessor.States.StoreOrder,
        jsondecode(aws_sfn_state_machine.results_run.definition).States.CloseRun,
        ] : length(state.Retry) == 1 && state.Retry[0].ErrorEquals == [
        "Unavailable",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "States.Timeout",
      ] && state.Retry[0].BackoffRate > 1 && state.Retry[0].JitterStrategy == "FULL" && state.Retry[0].MaxDelaySeconds > 0
    ])
    error_message = "Only Unavailable and Lambda's transient errors may be retried, with backoff, jitter and a cap."
  }

  assert {
    condition     = [for catcher in jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.ItemProcessor.States.StoreOrder.Catch : [catcher.ErrorEquals, catcher.Output.outcome]] == [[["OrderRejected"], "rejected"], [["States.ALL"], "failed"]]
    error_message = "Only OrderRejected may make an order rejected; every other error must make it failed."
  }

  assert {
    condition     = alltrue([for name in ["Collect", "CloseRun"] : [for catcher in jsondecode(aws_sfn_state_machine.results_run.definition).States[name].Catch : [catcher.ErrorEquals, catcher.Next]] == [[["States.ALL"], "ReleaseAfterFailure"]]])
    error_message = "A permanent failure of a function must release the lock."
  }

  assert {
    condition = alltrue([
      for name, state in jsondecode(aws_sfn_state_machine.results_run.definition).States :
      state.Retry[0] == { ErrorEquals = ["DynamoDB.ConditionalCheckFailedException"], MaxAttempts = 0 } if try(state.Resource, "") == "arn:aws:states:::dynamodb:updateItem"
    ])
    error_message = "A failed condition must not be retried."
  }
}

run "tasks_have_timeouts_and_leases_outlast_them" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = alltrue([for state in jsondecode(aws_sfn_state_machine.results_run.definition).States : try(state.TimeoutSeconds, 0) > 0 if state.Type == "Task"]) && jsondecode(aws_sfn_state_machine.results_run.definition).TimeoutSeconds == 43200
    error_message = "Every task and the state machine must have a timeout."
  }

  # Worst case of a task: the timeout of each attempt, and the backoff between them.
  assert {
    condition = sum([
      for state in [for name in ["Collect", "RenewLease"] : jsondecode(aws_sfn_state_machine.results_run.definition).States[name]] :
      (state.Retry[length(state.Retry) - 1].MaxAttempts + 1) * state.TimeoutSeconds + sum([for n in range(state.Retry[length(state.Retry) - 1].MaxAttempts) : pow(2, n)])
    ]) <= 140
    error_message = "The 140 seconds in the validation of lease_seconds must cover the worst case of a poll and a renewal."
  }

  assert {
    condition = sum([
      for state in [for name in ["CloseRun", "FinishRun"] : jsondecode(aws_sfn_state_machine.results_run.definition).States[name]] :
      (state.Retry[0].MaxAttempts + 1) * state.TimeoutSeconds + sum([for n in range(state.Retry[0].MaxAttempts) : pow(2, n)])
    ]) <= 140
    error_message = "The same 140 seconds must cover the worst case of closing a run."
  }

  assert {
    condition = [
      for state in [jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.ItemProcessor.States.StoreOrder] :
      (state.Retry[0].MaxAttempts + 1) * state.TimeoutSeconds + sum([for n in range(state.Retry[0].MaxAttempts) : min(pow(2, n), state.Retry[0].MaxDelaySeconds)])
    ][0] <= 80
    error_message = "The 80 seconds in the lease of HoldForOrders must cover the worst case of one order."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.MaxConcurrency == 10
    error_message = "The lease of HoldForOrders assumes a concurrency of ten."
  }
}

run "settings_reach_the_state_machine" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.poll_seconds == "{% $number('300') %}" && jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.lease_seconds == "{% $number('600') %}" && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.deadline, "'7200'") && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.slot, "'300'")
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
    lease_seconds = 439
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
    deadline_seconds = 501
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
    condition     = length(aws_cloudwatch_log_group.results_run) == 0 && length(aws_sfn_state_machine.results_run.tracing_configuration) == 0 && length(aws_cloudwatch_metric_alarm.overdue) == 0 && length(aws_cloudwatch_metric_alarm.untold) == 0
    error_message = "Without `watched` there must be no log, traces or alarms."
  }
}

run "watched_run_is_logged_without_its_data" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched                  = true
    alarm_topic_arns         = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    close_run_log_group_name = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days       = 30
    key                      = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
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

  assert {
    condition     = aws_dynamodb_table.runs.server_side_encryption[0].kms_key_arn == var.key.arn
    error_message = "The runs table must be encrypted with the environment's key."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : [statement.Action, statement.Resource]] == [
      [["lambda:InvokeFunction"], [var.collect_results_arn, var.store_result_arn, var.close_run_arn]],
      [["dynamodb:UpdateItem"], ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs"]],
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
    watched                  = true
    alarm_topic_arns         = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    close_run_log_group_name = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days       = 30
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

  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.overdue[0].alarm_actions == toset(var.alarm_topic_arns)
    error_message = "Missing data must raise an alarm: a function that is never invoked counts nothing."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.untold[0].metric_name == "FailedInvocations" && aws_cloudwatch_metric_alarm.untold[0].dimensions == tomap({ RuleName = "gridbid-dev-results-run-ended-badly" })
    error_message = "A failed run that the topic does not accept must raise an alarm."
  }
}

run "disabled_schedule_is_never_overdue" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched                  = true
    schedule_enabled         = false
    alarm_topic_arns         = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
    close_run_log_group_name = "/aws/lambda/gridbid-dev-close-run"
    log_retention_days       = 30
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
