# The results run: its schedule, its role, who is told, and what the state machine retries, catches and promises about time.

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

run "it_starts_every_five_minutes_on_the_clock" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.schedule_expression == "cron(0/5 * * * ? *)" && aws_scheduler_schedule.results_run.schedule_expression_timezone == "UTC" && aws_scheduler_schedule.results_run.flexible_time_window[0].mode == "OFF"
    error_message = "The schedule must fire at each five minutes of the clock, in UTC, with no window."
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.target[0].retry_policy[0].maximum_event_age_in_seconds == 240
    error_message = "A firing must not start a run in the slot of the next one."
  }

  assert {
    condition     = aws_scheduler_schedule.results_run.target[0].input == "{\"scheduled_time\": \"<aws.scheduler.scheduled-time>\"}"
    error_message = "The scheduler fills in its time only where the angle brackets stand unescaped."
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
    error_message = "The scheduler may start this state machine and do nothing else."
  }

  assert {
    condition = jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement[0].Condition.StringEquals == {
      "aws:SourceAccount" = "123456789012"
      "aws:SourceArn"     = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/gridbid-dev-results-run"
    }
    error_message = "Only this group of schedules may take the scheduler's role."
  }
}

run "its_role_calls_three_functions_and_updates_one_table" {
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
    error_message = "The state machine may call the three functions, update items of the table of runs, and do nothing else."
  }

  assert {
    condition     = aws_dynamodb_table.runs.ttl[0].enabled && aws_dynamodb_table.runs.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.runs.hash_key == "id"
    error_message = "Slots must vanish by `expires_at`."
  }
}

run "who_is_told_when_it_ends_badly" {
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
    error_message = "Every bad end must be told, but for the one that the summary has told."
  }

  assert {
    condition     = aws_cloudwatch_event_target.notifications.arn == var.notifications_topic_arn
    error_message = "Bad ends go to the topic of notifications."
  }
}

run "functions_are_retried_for_the_closed_list_and_nothing_else" {
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
    error_message = "Each function is retried for Unavailable and Lambda's own transient errors, with backoff, jitter and a cap, and for nothing else."
  }

  assert {
    condition     = [for catcher in jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.ItemProcessor.States.StoreOrder.Catch : [catcher.ErrorEquals, catcher.Output.outcome]] == [[["OrderRejected"], "rejected"], [["States.ALL"], "failed"]]
    error_message = "Only OrderRejected makes an order rejected; every other error makes it failed."
  }

  assert {
    condition     = alltrue([for name in ["Collect", "CloseRun"] : [for catcher in jsondecode(aws_sfn_state_machine.results_run.definition).States[name].Catch : [catcher.ErrorEquals, catcher.Next]] == [[["States.ALL"], "ReleaseAfterFailure"]]])
    error_message = "A function that fails for good must give the lock back."
  }

  assert {
    condition = alltrue([
      for name, state in jsondecode(aws_sfn_state_machine.results_run.definition).States :
      state.Retry[0] == { ErrorEquals = ["DynamoDB.ConditionalCheckFailedException"], MaxAttempts = 0 } if try(state.Resource, "") == "arn:aws:states:::dynamodb:updateItem"
    ])
    error_message = "A condition that does not hold is an answer and is never retried."
  }
}

run "every_task_ends_and_the_leases_outlast_them" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = alltrue([for state in jsondecode(aws_sfn_state_machine.results_run.definition).States : try(state.TimeoutSeconds, 0) > 0 if state.Type == "Task"]) && jsondecode(aws_sfn_state_machine.results_run.definition).TimeoutSeconds == 43200
    error_message = "Every task and the machine itself must have a time limit."
  }

  # Worst time of a task: each of its calls up to its limit, and the waits between them.
  assert {
    condition = sum([
      for state in [for name in ["Collect", "RenewLease"] : jsondecode(aws_sfn_state_machine.results_run.definition).States[name]] :
      (state.Retry[length(state.Retry) - 1].MaxAttempts + 1) * state.TimeoutSeconds + sum([for n in range(state.Retry[length(state.Retry) - 1].MaxAttempts) : pow(2, n)])
    ]) <= 140
    error_message = "The 140 seconds in the validation of lease_seconds must cover a question and a renewal at their worst."
  }

  assert {
    condition = sum([
      for state in [for name in ["CloseRun", "FinishRun"] : jsondecode(aws_sfn_state_machine.results_run.definition).States[name]] :
      (state.Retry[0].MaxAttempts + 1) * state.TimeoutSeconds + sum([for n in range(state.Retry[0].MaxAttempts) : pow(2, n)])
    ]) <= 140
    error_message = "The same 140 seconds must cover the end of a run at its worst."
  }

  assert {
    condition = [
      for state in [jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.ItemProcessor.States.StoreOrder] :
      (state.Retry[0].MaxAttempts + 1) * state.TimeoutSeconds + sum([for n in range(state.Retry[0].MaxAttempts) : min(pow(2, n), state.Retry[0].MaxDelaySeconds)])
    ][0] <= 80
    error_message = "The 80 seconds in the lease of HoldForOrders must cover one order at its worst."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.results_run.definition).States.StoreOrders.MaxConcurrency == 10
    error_message = "The lease of HoldForOrders counts on ten orders at a time."
  }
}

run "the_settings_reach_the_state_machine" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.poll_seconds == "{% $number('300') %}" && jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.lease_seconds == "{% $number('600') %}" && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.deadline, "'7200'") && strcontains(jsondecode(aws_sfn_state_machine.results_run.definition).States.NameSlot.Assign.slot, "'300'")
    error_message = "Poll, lease, deadline and period must reach the first state."
  }

  assert {
    condition     = !strcontains(aws_sfn_state_machine.results_run.definition, "$${")
    error_message = "No placeholder may be left in the definition."
  }

  assert {
    condition     = aws_sfn_state_machine.results_run.type == "STANDARD" && jsondecode(aws_sfn_state_machine.results_run.definition).QueryLanguage == "JSONata"
    error_message = "A run waits for minutes and must not run twice: a standard machine, in JSONata."
  }
}

run "a_disabled_schedule_starts_nothing" {
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

run "a_lease_shorter_than_a_question_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    lease_seconds = 439
  }

  expect_failures = [var.lease_seconds]
}

run "too_many_questions_are_refused" {
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

run "a_deadline_near_the_machines_own_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    deadline_seconds = 28801
  }

  expect_failures = [var.deadline_seconds]
}

run "a_wait_of_no_time_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    poll_seconds = 0
  }

  expect_failures = [var.poll_seconds]
}

run "what_is_not_watched_has_no_log_no_trace_and_no_alarm" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.results_run) == 0 && length(aws_sfn_state_machine.results_run.tracing_configuration) == 0 && length(aws_cloudwatch_metric_alarm.overdue) == 0 && length(aws_cloudwatch_metric_alarm.untold) == 0
    error_message = "Where nothing is watched, nothing of it may be made."
  }
}

run "a_watched_run_is_logged_without_what_passes_through_it" {
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
    error_message = "Every state must be logged, and never the orders."
  }

  assert {
    condition     = aws_sfn_state_machine.results_run.tracing_configuration[0].enabled
    error_message = "Runs must be traced."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.results_run[0].name, "/aws/vendedlogs/states/") && aws_cloudwatch_log_group.results_run[0].retention_in_days == 30 && aws_cloudwatch_log_group.results_run[0].kms_key_id == var.key.arn
    error_message = "The log must lie where deliveries need no policy of their own, encrypted, and end."
  }

  assert {
    condition     = aws_dynamodb_table.runs.server_side_encryption[0].kms_key_arn == var.key.arn
    error_message = "The table of runs must be encrypted with the environment's key."
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
    error_message = "Watched, the state machine may also use the key and send its log and traces, which know no resources."
  }

  assert {
    condition     = aws_iam_role.state_machine.permissions_boundary == var.permissions_boundary_arn && aws_iam_role.scheduler.permissions_boundary == var.permissions_boundary_arn
    error_message = "Both roles must be under the boundary."
  }
}

run "a_run_that_is_overdue_alarms_even_when_nothing_is_counted" {
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
    error_message = "A closed run is a good line of close-run about a run, which a probe is not."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].metric_name == aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].name && aws_cloudwatch_metric_alarm.overdue[0].namespace == aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].namespace
    error_message = "The alarm must read the metric that the filter writes."
  }

  # 7200 seconds are 24 periods of five minutes, and two more.
  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].period == 300 && aws_cloudwatch_metric_alarm.overdue[0].evaluation_periods == 26 && aws_cloudwatch_metric_alarm.overdue[0].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.overdue[0].threshold == 1
    error_message = "No run closed for the deadline and two periods must alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.overdue[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.overdue[0].alarm_actions == toset(var.alarm_topic_arns)
    error_message = "A function that is never called counts nothing: missing data must alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.untold[0].metric_name == "FailedInvocations" && aws_cloudwatch_metric_alarm.untold[0].dimensions == tomap({ RuleName = "gridbid-dev-results-run-ended-badly" })
    error_message = "A bad end that the topic does not take must alarm."
  }
}

run "a_schedule_that_is_off_is_never_overdue" {
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
    error_message = "Without a schedule no run is missed."
  }
}

run "watching_without_anybody_to_tell_is_refused" {
  command = plan

  module {
    source = "../modules/results-run"
  }

  variables {
    watched = true
  }

  expect_failures = [var.watched]
}
