# How people are told: a topic for every notification, and notify-slack that carries each of them to Slack.
#
# Promises: nothing that was published is lost in silence. What SNS cannot hand to the function ends in the queue of
# undeliverable messages; what the function could not post after its retries ends in the queue of failed posts.
# Leaves out: the webhook's address (a secret's value, put in from outside), and what is worth telling.
# Called by: terraform/stack.

resource "aws_sns_topic" "notifications" {
  name = "gridbid-${var.environment}-notifications"
}

resource "aws_sns_topic_policy" "notifications" {
  arn = aws_sns_topic.notifications.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishFromEventRules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["sns:Publish"]
      Resource  = [aws_sns_topic.notifications.arn]
      Condition = { ArnEquals = { "aws:SourceArn" = var.publishing_rule_arns } }
    }]
  })
}

# Slack's webhook. The value is no business of this module: whoever holds it puts it in.
resource "aws_secretsmanager_secret" "slack_webhook" {
  name                    = "gridbid/${var.environment}/slack-webhook"
  description             = "Address of the Slack webhook that notify-slack posts to"
  recovery_window_in_days = var.secret_recovery_days
}

# From SNS to notify-slack.

resource "aws_sqs_queue" "undeliverable" {
  name                      = "${aws_sns_topic.notifications.name}-undeliverable"
  message_retention_seconds = var.failed_message_days * 86400
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "undeliverable" {
  queue_url = aws_sqs_queue.undeliverable.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "KeepWhatCouldNotBeDelivered"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = ["sqs:SendMessage"]
      Resource  = [aws_sqs_queue.undeliverable.arn]
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.notifications.arn } }
    }]
  })
}

resource "aws_lambda_permission" "notify_slack" {
  statement_id  = "AllowNotificationsTopic"
  action        = "lambda:InvokeFunction"
  function_name = var.notify_slack.function_name
  qualifier     = var.notify_slack.alias_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.notifications.arn
}

resource "aws_sns_topic_subscription" "notify_slack" {
  topic_arn      = aws_sns_topic.notifications.arn
  protocol       = "lambda"
  endpoint       = var.notify_slack.alias_arn
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.undeliverable.arn })

  # A message that arrives before both are there would be refused, or lost.
  depends_on = [aws_lambda_permission.notify_slack, aws_sqs_queue_policy.undeliverable]
}

# From notify-slack to Slack.

resource "aws_sqs_queue" "notify_slack_failed" {
  name                      = "gridbid-${var.environment}-notify-slack-failed"
  message_retention_seconds = var.failed_message_days * 86400
  sqs_managed_sse_enabled   = true
}

# For the alias, which SNS calls, and for whoever calls the bare function: neither loses an event.
resource "aws_lambda_function_event_invoke_config" "notify_slack" {
  for_each = toset([var.notify_slack.alias_name, "$LATEST"])

  function_name = var.notify_slack.function_name
  qualifier     = each.key

  # Lambda tries again after one minute, then after two.
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 6 * 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.notify_slack_failed.arn
    }
  }
}
