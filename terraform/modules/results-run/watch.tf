# What watches the results run: its log, its traces, and alarms for what nobody else would notice.
#
# Promises: a run that is overdue tells by itself, whatever keeps it from being closed, and so does a bad end that could not be
# told. Off where the environment is not AWS (`watched`).

locals {
  # Closed runs are counted in periods of the schedule: none until the deadline, and one period to start and one to spare.
  overdue_periods = ceil(var.deadline_seconds / (local.period_minutes * 60)) + 2

  # Neither service knows resources for these actions.
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

# Under this prefix the policy by which AWS delivers logs does not grow with each group.
resource "aws_cloudwatch_log_group" "results_run" {
  # checkov:skip=CKV_AWS_338: The environment decides: prod keeps a year, dev two weeks, the laptop a day

  count = var.watched ? 1 : 0

  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.key[*].arn)
}

# A probe of the function is answered without a run.
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
  alarm_description = "No results run was closed for the deadline and two periods: the schedule, the lock or the platform"

  namespace   = aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].namespace
  metric_name = aws_cloudwatch_log_metric_filter.closed[0].metric_transformation[0].name
  statistic   = "Sum"
  period      = local.period_minutes * 60

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = local.overdue_periods

  # A function that is never called writes nothing at all.
  treat_missing_data = "breaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "untold" {
  count = var.watched ? 1 : 0

  alarm_name        = "${aws_cloudwatch_event_rule.ended_badly.name}-untold"
  alarm_description = "A results run ended badly and the topic could not be told"

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
