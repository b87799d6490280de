# Alarms of the submission. Off without topics (`alarm_topic_arns`), as on the local cloud.
#
# SQS leaves messages that were received more than three times out of the age of the oldest message, so orders that wait for the
# platform are counted from the log of submit-orders instead.

locals {
  alarms = {
    "${local.names.queue}-delayed" = {
      description        = "An order waits for more than 15 minutes before submit-orders gets it: check the event source mapping and the function's throttles"
      namespace          = "AWS/SQS"
      metric_name        = "ApproximateAgeOfOldestMessage"
      dimensions         = { QueueName = local.names.queue }
      statistic          = "Maximum"
      period             = 60
      evaluation_periods = 3
      threshold          = 900
    }
    "${local.names.queue}-waiting" = {
      description        = "Orders have been waiting for the auction platform for half an hour"
      namespace          = one(aws_cloudwatch_log_metric_filter.deferred[*].metric_transformation[0].namespace)
      metric_name        = one(aws_cloudwatch_log_metric_filter.deferred[*].metric_transformation[0].name)
      dimensions         = null
      statistic          = "Sum"
      period             = 900
      evaluation_periods = 2
      threshold          = 1
    }
    "${local.names.dead_letters}-not-empty" = {
      description        = "A message of the submission queue could not be processed: ${local.names.dead_letters} holds it for a redrive"
      namespace          = "AWS/SQS"
      metric_name        = "ApproximateNumberOfMessagesVisible"
      dimensions         = { QueueName = local.names.dead_letters }
      statistic          = "Maximum"
      period             = 60
      evaluation_periods = 1
      threshold          = 1
    }
    "${local.pipe}-pipe-failed" = {
      description        = "The pipe from the orders table to the submission queue fails: orders may stay pending without a message"
      namespace          = "AWS/EventBridge/Pipes"
      metric_name        = "ExecutionFailed"
      dimensions         = { PipeName = local.pipe }
      statistic          = "Sum"
      period             = 60
      evaluation_periods = 1
      threshold          = 1
    }
    "${local.pipe}-pipe-partly-failed" = {
      description        = "The pipe from the orders table to the submission queue loses records: their orders stay pending without a message"
      namespace          = "AWS/EventBridge/Pipes"
      metric_name        = "ExecutionPartiallyFailed"
      dimensions         = { PipeName = local.pipe }
      statistic          = "Sum"
      period             = 60
      evaluation_periods = 1
      threshold          = 1
    }
  }

  is_watched = length(var.alarm_topic_arns) > 0
}

resource "aws_cloudwatch_log_metric_filter" "deferred" {
  count = local.is_watched ? 1 : 0

  name           = "${local.names.queue}-deferred"
  log_group_name = var.submit_orders.log_group_name
  pattern        = "{ $.deferred > 0 }"

  metric_transformation {
    namespace     = "Gridbid/${var.environment}"
    name          = "orders-deferred"
    value         = "$.deferred"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if local.is_watched }

  alarm_name        = each.key
  alarm_description = each.value.description

  namespace   = each.value.namespace
  metric_name = each.value.metric_name
  dimensions  = each.value.dimensions
  statistic   = each.value.statistic
  period      = each.value.period

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods

  # An idle queue and an idle pipe have no data.
  treat_missing_data = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}
