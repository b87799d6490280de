# Alarms on faults, throttles and latency. Each notifies the given topics and stops a canary.
#
# Client errors (`refused`) and rejections by the platform (`rejected`) trip none of them; AWS/Lambda Errors counts rejections and
# is therefore not used. docs/operations.md is the runbook.

locals {
  metric_namespace = "Gridbid/${var.environment}"

  # An alarm stays on for longer than the five minutes between two runs, so that an outage is one message, not one per run.
  alarms = {
    faults = {
      description         = "${var.name} failed: its log has a line with outcome = fault, or Lambda stopped an invocation"
      namespace           = one(aws_cloudwatch_log_metric_filter.faults[*].metric_transformation[0].namespace)
      metric_name         = one(aws_cloudwatch_log_metric_filter.faults[*].metric_transformation[0].name)
      dimensions          = null
      statistic           = "Sum"
      extended_statistic  = null
      threshold           = 1
      evaluation_periods  = 6
      datapoints_to_alarm = 1
    }
    throttles = {
      description         = "${var.name} was throttled: its concurrency or the account's is exhausted"
      namespace           = "AWS/Lambda"
      metric_name         = "Throttles"
      dimensions          = { FunctionName = aws_lambda_function.this.function_name }
      statistic           = "Sum"
      extended_statistic  = null
      threshold           = 1
      evaluation_periods  = 6
      datapoints_to_alarm = 1
    }
    p99 = {
      description         = "${var.name} is slow: its p99 duration exceeds the limit"
      namespace           = "AWS/Lambda"
      metric_name         = "Duration"
      dimensions          = { FunctionName = aws_lambda_function.this.function_name }
      statistic           = null
      extended_statistic  = "p99"
      threshold           = try(var.alarms.p99_limit_ms, null)
      evaluation_periods  = 5
      datapoints_to_alarm = 2
    }
  }
}

# An invocation that ran out of time or memory writes no log line; Lambda's report line shows it.
resource "aws_cloudwatch_log_metric_filter" "faults" {
  count = var.alarms == null ? 0 : 1

  name           = "${local.function_name}-faults"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ ($.outcome = \"fault\") || ($.type = \"platform.report\" && ($.record.status = \"timeout\" || $.record.status = \"failure\")) }"

  metric_transformation {
    namespace     = local.metric_namespace
    name          = "${var.name}-faults"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if var.alarms != null }

  alarm_name        = "${local.function_name}-${each.key}"
  alarm_description = each.value.description

  namespace          = each.value.namespace
  metric_name        = each.value.metric_name
  dimensions         = each.value.dimensions
  statistic          = each.value.statistic
  extended_statistic = each.value.extended_statistic
  period             = 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm

  # Without invocations there is no data.
  treat_missing_data = "notBreaching"

  alarm_actions = var.alarms.topic_arns
  ok_actions    = var.alarms.topic_arns
}
