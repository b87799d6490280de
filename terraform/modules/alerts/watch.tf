# Alarms on the notification path itself, with a second topic that does not depend on Slack.
#
# A message in one of the queues, or one that could not even be put there, raises an alarm in Slack and by email; alarms of notify-slack
# also go out by email. Off on the local cloud (`watched`).

resource "aws_sns_topic" "escalations" {
  count = var.watched ? 1 : 0

  name              = "gridbid-${var.environment}-escalations"
  kms_master_key_id = one(var.key[*].arn)
}

resource "aws_sns_topic_policy" "escalations" {
  count = var.watched ? 1 : 0

  arn = aws_sns_topic.escalations[0].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishFromAlarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = ["sns:Publish"]
      Resource  = [aws_sns_topic.escalations[0].arn]
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

# SNS asks each address to confirm the subscription first.
resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.watched ? var.emails : [])

  topic_arn = aws_sns_topic.escalations[0].arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = { for queue, name in local.queue_names : queue => name if var.watched }

  alarm_name        = "${each.value}-not-empty"
  alarm_description = each.key == "events-undeliverable" ? "EventBridge could not deliver an event or a start: ${each.value} holds it" : "A notification did not reach Slack: ${each.value} holds a message to redrive"

  namespace   = "AWS/SQS"
  metric_name = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = each.value }
  statistic   = "Maximum"
  period      = 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.notifications.arn, aws_sns_topic.escalations[0].arn]
  ok_actions    = [aws_sns_topic.notifications.arn, aws_sns_topic.escalations[0].arn]
}

# Notifications that reached neither Slack nor a queue.
locals {
  losses = {
    "${local.queue_names["notify-slack-failed"]}-lost" = {
      description = "Lambda could not put a failed notification into ${local.queue_names["notify-slack-failed"]}: check the permissions of notify-slack and the key"
      namespace   = "AWS/Lambda"
      metric_name = "DestinationDeliveryFailures"
      dimensions  = { FunctionName = var.notify_slack.function_name }
    }
    "${var.notify_slack.function_name}-dropped" = {
      description = "Lambda dropped a notification before it reached notify-slack: check its concurrency"
      namespace   = "AWS/Lambda"
      metric_name = "AsyncEventsDropped"
      dimensions  = { FunctionName = var.notify_slack.function_name }
    }
    "${local.queue_names["undeliverable"]}-lost" = {
      description = "SNS could not put a notification into ${local.queue_names["undeliverable"]}: check the policies of the queue and the key"
      namespace   = "AWS/SNS"
      metric_name = "NumberOfNotificationsFailedToRedriveToDlq"
      dimensions  = { TopicName = aws_sns_topic.notifications.name }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lost" {
  for_each = { for name, alarm in local.losses : name => alarm if var.watched }

  alarm_name        = each.key
  alarm_description = each.value.description

  namespace   = each.value.namespace
  metric_name = each.value.metric_name
  dimensions  = each.value.dimensions
  statistic   = "Sum"
  period      = 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.notifications.arn, aws_sns_topic.escalations[0].arn]
  ok_actions    = [aws_sns_topic.notifications.arn, aws_sns_topic.escalations[0].arn]
}
