# The results run: the state machine, its schedule, and the event rule for failed runs.
#
# The schedule starts a run at most an hour late. The claim in run.asl.json allows one run per slot at a time; runs of
# different slots may overlap. A run that failed, timed out or was aborted sends an event to the topic, unless its summary has
# already reported the failure. The log, traces and alarms are in watch.tf.

data "aws_caller_identity" "current" {}

locals {
  name = "gridbid-${var.environment}-results-run"

  # The period of the schedule; a run without a scheduled time rounds its start down to it.
  period_minutes = 5

  # As long as the slot's answers and results may be asked for: without its item, an attempt would begin at 1 again, whose answers are
  # stored already, and an open slot would no longer be known.
  keep_slot_days = 3653

  # As named in run.asl.json and by report-results.
  open_slots_index = "open_slots"
}

# One item `slot#<slot>` for each slot: its owner and lease, its attempt, and whether it is done. A slot that is not done has
# the attribute `open`, which the index is sparse in.
resource "aws_dynamodb_table" "runs" {
  # checkov:skip=CKV_AWS_28: It holds leases and slots, which are obsolete after a restore

  name         = "gridbid-${var.environment}-runs"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "open"
    type = "S"
  }

  attribute {
    name = "open_since"
    type = "N"
  }

  global_secondary_index {
    name               = local.open_slots_index
    hash_key           = "open"
    range_key          = "open_since"
    projection_type    = "INCLUDE"
    non_key_attributes = ["slot"]
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  dynamic "server_side_encryption" {
    for_each = var.key[*].arn

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}

resource "aws_iam_role" "state_machine" {
  name                 = local.name
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "state_machine" {
  name = "state-machine"
  role = aws_iam_role.state_machine.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction"]
          Resource = [var.collect_results_arn, var.store_result_arn, var.close_run_arn]
        },
        {
          Effect   = "Allow"
          Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
          Resource = [aws_dynamodb_table.runs.arn]
        },
        {
          Effect   = "Allow"
          Action   = ["dynamodb:Query"]
          Resource = ["${aws_dynamodb_table.runs.arn}/index/${local.open_slots_index}"]
        },
      ],
      [for arn in var.key[*].arn : {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [arn]
      }],
      local.watch_statements,
    )
  })
}

resource "aws_sfn_state_machine" "results_run" {
  # checkov:skip=CKV_AWS_284: On in every environment on AWS (`watched`); checkov does not evaluate the dynamic block
  # checkov:skip=CKV_AWS_285: On in every environment on AWS, without execution data, which contains orders

  name     = local.name
  type     = "STANDARD"
  role_arn = aws_iam_role.state_machine.arn

  definition = templatefile("${path.module}/run.asl.json", {
    runs_table              = aws_dynamodb_table.runs.name
    collect_results_arn     = var.collect_results_arn
    store_result_arn        = var.store_result_arn
    close_run_arn           = var.close_run_arn
    period_seconds          = local.period_minutes * 60
    poll_seconds            = var.poll_seconds
    deadline_seconds        = var.deadline_seconds
    lease_seconds           = var.lease_seconds
    keep_slot_seconds       = local.keep_slot_days * 86400
    open_slot_alarm_seconds = var.open_slot_alarm_seconds
  })

  # The history of an execution, which contains orders, is kept for 90 days.
  dynamic "encryption_configuration" {
    for_each = var.key[*].arn

    content {
      type                              = "CUSTOMER_MANAGED_KMS_KEY"
      kms_key_id                        = encryption_configuration.value
      kms_data_key_reuse_period_seconds = 900
    }
  }

  # Without execution data, which contains orders.
  dynamic "logging_configuration" {
    for_each = aws_cloudwatch_log_group.results_run

    content {
      level                  = "ALL"
      include_execution_data = false
      log_destination        = "${logging_configuration.value.arn}:*"
    }
  }

  dynamic "tracing_configuration" {
    for_each = var.watched ? [true] : []

    content {
      enabled = tracing_configuration.value
    }
  }

  # Without its policy, the first run would fail.
  depends_on = [aws_iam_role_policy.state_machine]
}

# The schedule.

resource "aws_scheduler_schedule_group" "results_run" {
  name = local.name
}

resource "aws_iam_role" "scheduler" {
  name                 = "${local.name}-scheduler"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = data.aws_caller_identity.current.account_id
          "aws:SourceArn"     = aws_scheduler_schedule_group.results_run.arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "start-results-run"
  role = aws_iam_role.scheduler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = [aws_sfn_state_machine.results_run.arn]
      }],
      [for arn in var.dead_letter_queue_arn[*] : {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [arn]
      }],
      # The queue is encrypted with it.
      [for arn in var.key[*].arn : {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [arn]
      }],
    )
  })
}

resource "aws_scheduler_schedule" "results_run" {
  # checkov:skip=CKV_AWS_297: Its input is only a time

  name        = local.name
  group_name  = aws_scheduler_schedule_group.results_run.name
  description = "Starts a results run every ${local.period_minutes} minutes"
  state       = var.schedule_enabled ? "ENABLED" : "DISABLED"

  schedule_expression          = "cron(0/${local.period_minutes} * * * ? *)"
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.results_run.arn
    role_arn = aws_iam_role.scheduler.arn

    # Not jsonencode, which escapes angle brackets: the scheduler replaces only the literal text.
    input = "{\"scheduled_time\": \"<aws.scheduler.scheduled-time>\"}"

    # A late start still runs its own slot: the input names the scheduled time.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 185
    }

    # Keeps the time of a slot whose run was not started.
    dynamic "dead_letter_config" {
      for_each = var.dead_letter_queue_arn[*]

      content {
        arn = dead_letter_config.value
      }
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

# Failed runs. OrdersFailed is excluded: the run's summary reports it. The error is null or absent if a run timed out or was
# aborted, and always if the state machine is encrypted with a key: then a run with failed orders is reported here, too.

resource "aws_cloudwatch_event_rule" "ended_badly" {
  name        = "${local.name}-ended-badly"
  description = "A results run failed, timed out or was aborted"

  event_pattern = jsonencode({
    source        = ["aws.states"]
    "detail-type" = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [aws_sfn_state_machine.results_run.arn]
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
      error           = [{ "anything-but" = ["OrdersFailed"] }, null, { exists = false }]
    }
  })
}

resource "aws_cloudwatch_event_target" "notifications" {
  rule = aws_cloudwatch_event_rule.ended_badly.name
  arn  = var.notifications_topic_arn

  dynamic "dead_letter_config" {
    for_each = var.dead_letter_queue_arn[*]

    content {
      arn = dead_letter_config.value
    }
  }
}
