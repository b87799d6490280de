# How people are told: a topic for every notification, and notify-slack that carries each of them to Slack.
#
# Promises: nothing that was published is lost in silence. What SNS cannot hand to the function ends in the queue of
# undeliverable messages; what the function could not post after its retries ends in the queue of failed posts. Both queues
# alarm, by a second topic too that does not need Slack (watch.tf). Failed deliveries are told here as well.
# Leaves out: the webhook's address (a secret's value, put in from outside), and what is worth telling.
# Called by: terraform/stack.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

# A queue's ARN follows from its name: its own policy can name it, and a function's role does not wait for the queue. Each
# queue takes the provider 25 seconds.
locals {
  queue_names = {
    undeliverable       = "gridbid-${var.environment}-notifications-undeliverable"
    notify-slack-failed = "gridbid-${var.environment}-notify-slack-failed"
  }

  queue_arns = { for queue, name in local.queue_names :
    queue => "arn:aws:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${name}"
  }
}

resource "aws_sns_topic" "notifications" {
  name              = "gridbid-${var.environment}-notifications"
  kms_master_key_id = one(var.key[*].arn)
}

resource "aws_sns_topic_policy" "notifications" {
  arn = aws_sns_topic.notifications.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # EventBridge says nothing of itself when it publishes: with a condition here every event would be dropped.
      [{
        Sid       = "PublishFromEventRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["sns:Publish"]
        Resource  = [aws_sns_topic.notifications.arn]
      }],
      [for sid, service in {
        PublishFromAlarms            = "cloudwatch.amazonaws.com"
        PublishFromBudgets           = "budgets.amazonaws.com"
        PublishFromNotificationRules = "codestar-notifications.amazonaws.com"
        } : {
        Sid       = sid
        Effect    = "Allow"
        Principal = { Service = service }
        Action    = ["sns:Publish"]
        Resource  = [aws_sns_topic.notifications.arn]
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      }],
    )
  })
}

# Slack's webhook. The value is no business of this module: whoever holds it puts it in.
resource "aws_secretsmanager_secret" "slack_webhook" {
  # checkov:skip=CKV2_AWS_57: Slack makes a new webhook for a person alone: docs/operations.md says how it is rotated

  name                    = "gridbid/${var.environment}/slack-webhook"
  description             = "Address of the Slack webhook that notify-slack posts to"
  kms_key_id              = one(var.key[*].arn)
  recovery_window_in_days = var.secret_recovery_days
}

# From SNS to notify-slack.

resource "aws_sqs_queue" "undeliverable" {
  name                      = local.queue_names["undeliverable"]
  message_retention_seconds = var.failed_message_days * 86400
  kms_master_key_id         = one(var.key[*].arn)
  sqs_managed_sse_enabled   = var.key == null ? true : null

  # Within the queue: as a resource of its own it would take another 25 seconds.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "KeepWhatCouldNotBeDelivered"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = ["sqs:SendMessage"]
      Resource  = [local.queue_arns["undeliverable"]]
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

  # A message that arrives before the permission is there would be refused.
  depends_on = [aws_lambda_permission.notify_slack]
}

# From notify-slack to Slack.

resource "aws_sqs_queue" "notify_slack_failed" {
  name                      = local.queue_names["notify-slack-failed"]
  message_retention_seconds = var.failed_message_days * 86400
  kms_master_key_id         = one(var.key[*].arn)
  sqs_managed_sse_enabled   = var.key == null ? true : null
}

# For the alias, which SNS calls, and for whoever calls the bare function: neither loses an event.
resource "aws_lambda_function_event_invoke_config" "notify_slack" {
  # Keys that are known without the alias: an import evaluates them from the state alone.
  for_each = { live = var.notify_slack.alias_name, "$LATEST" = "$LATEST" }

  function_name = var.notify_slack.function_name
  qualifier     = each.value

  # Lambda tries again after one minute, then after two.
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 6 * 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.notify_slack_failed.arn
    }
  }
}

# Deliveries that failed, whoever started them. What waits for an approval is told too: nobody else says so.

locals {
  delivery_events = merge(
    {
      canary-failed = {
        description   = "CodeDeploy took a function of this environment back to its old version, or was stopped"
        source        = ["aws.codedeploy"]
        "detail-type" = ["CodeDeploy Deployment State-change Notification"]
        detail        = { application = [{ prefix = "gridbid-${var.environment}-" }], state = ["FAILURE", "STOP"] }
      }
    },
    { for name, event in {
      pipeline-failed = {
        description   = "The pipeline failed"
        source        = ["aws.codepipeline"]
        "detail-type" = ["CodePipeline Pipeline Execution State Change"]
        detail        = { pipeline = [var.pipeline_name], state = ["FAILED"] }
      }
      pipeline-waits = {
        description   = "The pipeline waits for an approval"
        source        = ["aws.codepipeline"]
        "detail-type" = ["CodePipeline Action Execution State Change"]
        detail        = { pipeline = [var.pipeline_name], state = ["STARTED"], type = { category = ["Approval"] } }
      }
    } : name => event if var.told_of_pipeline },
  )
}

resource "aws_cloudwatch_event_rule" "delivery" {
  for_each = { for name, event in local.delivery_events : name => event if var.watched }

  name          = "gridbid-${var.environment}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode({ for name in ["source", "detail-type", "detail"] : name => each.value[name] })
}

resource "aws_cloudwatch_event_target" "delivery" {
  for_each = aws_cloudwatch_event_rule.delivery

  rule = each.value.name
  arn  = aws_sns_topic.notifications.arn
}
