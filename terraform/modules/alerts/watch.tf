# What tells that people are not told: alarms on both queues, and a second topic that reaches people without Slack.
#
# Promises: every message that could not be delivered or posted raises an alarm at once, in Slack and in the mail of whoever
# is named; an alarm about notify-slack goes by mail too. Off where the environment is not AWS (`watched`).

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

# Each address is asked to confirm before it gets anything.
resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.watched ? var.emails : [])

  topic_arn = aws_sns_topic.escalations[0].arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = { for queue, name in local.queue_names : queue => name if var.watched }

  alarm_name        = "${each.value}-not-empty"
  alarm_description = "Slack was not told of something: a message waits in ${each.value} to be sent again"

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
