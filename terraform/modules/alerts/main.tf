# Notifications: one topic, which notify-slack forwards to Slack.
#
# No published message is lost silently. Messages that SNS cannot deliver to the function go to the queue `undeliverable`;
# events that the function cannot post after its retries go to `notify_slack_failed`. Both queues have alarms, which also use a
# second topic that does not depend on Slack (watch.tf). Failed deployments are reported here, too; events that EventBridge cannot
# deliver go to a third queue. The webhook's URL is a secret value that is set outside Terraform.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

# ARNs are built from names so that a queue's policy can refer to its own queue and roles do not wait for queues: the provider
# takes 25 seconds to create one.
locals {
  queue_names = merge(
    {
      undeliverable       = "gridbid-${var.environment}-notifications-undeliverable"
      notify-slack-failed = "gridbid-${var.environment}-notify-slack-failed"
    },
    var.watched ? { events-undeliverable = "gridbid-${var.environment}-events-undeliverable" } : {},
  )

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
      # EventBridge sends no source account when it publishes: a condition here would drop every event.
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

# The Slack webhook. Its value is set outside Terraform.
resource "aws_secretsmanager_secret" "slack_webhook" {
  # checkov:skip=CKV2_AWS_57: Only a person can create a Slack webhook: docs/operations.md describes the rotation

  name                    = "gridbid/${var.environment}/slack-webhook"
  description             = "URL of the Slack webhook that notify-slack posts to"
  kms_key_id              = one(var.key[*].arn)
  recovery_window_in_days = var.secret_recovery_days
}

# From SNS to notify-slack.

resource "aws_sqs_queue" "undeliverable" {
  name                      = local.queue_names["undeliverable"]
  message_retention_seconds = var.failed_message_days * 86400
  kms_master_key_id         = one(var.key[*].arn)
  sqs_managed_sse_enabled   = var.key == null ? true : null

  # Inline: a separate policy resource takes another 25 seconds.
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

  # Without the permission, a message would be refused.
  depends_on = [aws_lambda_permission.notify_slack]
}

# From notify-slack to Slack.

resource "aws_sqs_queue" "notify_slack_failed" {
  name                      = local.queue_names["notify-slack-failed"]
  message_retention_seconds = var.failed_message_days * 86400
  kms_master_key_id         = one(var.key[*].arn)
  sqs_managed_sse_enabled   = var.key == null ? true : null
}

# For the alias, which SNS invokes, and for direct invocations of the function.
resource "aws_lambda_function_event_invoke_config" "notify_slack" {
  # Static keys: an import evaluates them from the state, without the alias.
  for_each = { live = var.notify_slack.alias_name, "$LATEST" = "$LATEST" }

  function_name = var.notify_slack.function_name
  qualifier     = each.value

  # Lambda retries after one minute, then after two.
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 6 * 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.notify_slack_failed.arn
    }
  }
}

# Events of rules and starts of schedules that EventBridge could not deliver.
resource "aws_sqs_queue" "events_undeliverable" {
  count = var.watched ? 1 : 0

  name                      = local.queue_names["events-undeliverable"]
  message_retention_seconds = var.failed_message_days * 86400
  kms_master_key_id         = one(var.key[*].arn)
  sqs_managed_sse_enabled   = var.key == null ? true : null

  # A schedule sends with its own role.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "KeepWhatRulesCouldNotDeliver"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["sqs:SendMessage"]
      Resource  = [local.queue_arns["events-undeliverable"]]
      Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:events:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:rule/gridbid-${var.environment}-*" } }
    }]
  })
}

# Failed deployments, whatever started them, and pending approvals, which nothing else reports.

locals {
  delivery_events = merge(
    {
      canary-failed = {
        description   = "CodeDeploy rolled back a function of this environment, or was stopped"
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
    } : name => event if var.pipeline_notifications },
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

  dead_letter_config {
    arn = local.queue_arns["events-undeliverable"]
  }
}
