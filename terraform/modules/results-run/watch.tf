# Log, traces and alarms of the results run.
#
# Alarms report overdue runs, whatever the cause, runs that the schedule could not start, slots that stay open, and failed runs whose
# event did not reach the topic. Off on the local cloud (`watched`).

locals {
  # Evaluation periods without a closed run before the alarm: the deadline, one period to start, and one to spare.
  overdue_periods = ceil(var.deadline_seconds / (local.period_minutes * 60)) + 2

  # These actions do not support resource-level permissions.
  watch_statements = var.watched ? [
    {
      Effect = "Allow"
      Action = [
        "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
      ]
      Resource = ["*"]
    },
    {
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]
      Resource = ["*"]
    },
  ] : []
}

# With this prefix, the resource policy for log delivery does not grow with each group.
resource "aws_cloudwatch_log_group" "results_run" {
  # checkov:skip=CKV_AWS_338: Set by the environment: one year in prod, two weeks in dev, one day locally

  count = var.watched ? 1 : 0

  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.key[*].arn)
}

# `$.run` excludes probes.
resource "aws_cloudwatch_log_metric_filter" "closed" {
  count = var.watched ? 1 : 0

  name           = "${local.name}-closed"
  log_group_name = var.close_run_log_group_name
  pattern        = "{ $.outcome = \"ok\" && $.run = * }"

  metric_transformation {
    namespace     = "Gridbid/${var.environment}"
    name          = "runs-closed"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "overdue" {
  count = var.watched && var.schedule_enabled ? 1 : 0

  alarm_name        = "${local.name}-overdue"
  alarm_description = "No results run was closed within the deadline and two periods: check the schedule and the platform"

  namespace   = aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].namespace
  metric_name = aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].name
  statistic   = "Sum"
  period      = local.period_minutes * 60

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = local.overdue_periods

  # Without invocations there is no data: the alarm then changes to INSUFFICIENT_DATA, which is reported, too. A new alarm has that state
  # until the first run is closed, so that a first deployment raises none.
  treat_missing_data = "missing"

  alarm_actions             = var.alarm_topic_arns
  insufficient_data_actions = var.alarm_topic_arns
  ok_actions                = var.alarm_topic_arns
}

# Starts that the schedule gave up, and starts that Step Functions refused.
resource "aws_cloudwatch_metric_alarm" "not_started" {
  for_each = var.watched ? { dropped = "InvocationDroppedCount", refused = "TargetErrorCount" } : {}

  alarm_name        = "${local.name}-start-${each.key}"
  alarm_description = each.key == "dropped" ? "The schedule gave up a start: run its slot by hand" : "Step Functions refused a start: check the schedule's role and the state machine"

  namespace   = "AWS/Scheduler"
  metric_name = each.value
  dimensions  = { ScheduleGroup = aws_scheduler_schedule_group.results_run.name }
  statistic   = "Sum"
  period      = 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}

# Each run counts the slots that have been open for too long, and collect-results logs the count.
resource "aws_cloudwatch_log_metric_filter" "open_slots" {
  count = var.watched ? 1 : 0

  name           = "${local.name}-open-slots"
  log_group_name = var.collect_results_log_group_name
  pattern        = "{ $.open_slots >= 0 }"

  metric_transformation {
    namespace = "Gridbid/${var.environment}"
    name      = "open-slots"
    value     = "$.open_slots"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "open_slots" {
  count = var.watched ? 1 : 0

  alarm_name        = "${local.name}-open-slots"
  alarm_description = "A slot is not done ${var.open_slot_alarm_seconds} seconds after it was opened: see its problem in the runs table and run it again"

  namespace   = aws_cloudwatch_log_metric_filter.open_slots[0].metric_transformation[0].namespace
  metric_name = aws_cloudwatch_log_metric_filter.open_slots[0].metric_transformation[0].name
  statistic   = "Maximum"
  period      = local.period_minutes * 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1

  # Without runs nothing is counted; `overdue` reports that.
  treat_missing_data = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "failure_event_lost" {
  count = var.watched ? 1 : 0

  alarm_name        = "${aws_cloudwatch_event_rule.ended_badly.name}-event-lost"
  alarm_description = "A results run failed and its event did not reach the topic"

  namespace   = "AWS/Events"
  metric_name = "FailedInvocations"
  dimensions  = { RuleName = aws_cloudwatch_event_rule.ended_badly.name }
  statistic   = "Sum"
  period      = 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}
