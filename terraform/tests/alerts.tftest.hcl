# Notifications: what cannot be delivered or posted is kept and alarms, who publishes, and which deliveries are told.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

# Before anything is made: what follows from a resource is not known yet.
mock_provider "aws" {
  alias = "before_apply"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

override_resource {
  target          = aws_sns_topic.notifications
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications" }
}

override_resource {
  target          = aws_sns_topic.escalations
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations" }
}

override_resource {
  target          = aws_sqs_queue.undeliverable
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notifications-undeliverable" }
}

override_resource {
  target          = aws_sqs_queue.notify_slack_failed
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed" }
}

variables {
  environment = "dev"
  notify_slack = {
    function_name = "gridbid-dev-notify-slack"
    alias_name    = "live"
    alias_arn     = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-notify-slack:live"
  }
  secret_recovery_days = 30
}

run "what_cannot_be_delivered_is_kept" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition     = aws_sns_topic_subscription.notify_slack.protocol == "lambda" && aws_sns_topic_subscription.notify_slack.endpoint == var.notify_slack.alias_arn
    error_message = "The topic must call the alias of notify-slack."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.notify_slack.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notifications-undeliverable" }
    error_message = "What SNS cannot deliver must end in the queue of undeliverable messages."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.undeliverable.policy).Statement == [{
      Sid       = "KeepWhatCouldNotBeDelivered"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = ["sqs:SendMessage"]
      Resource  = ["arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notifications-undeliverable"]
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications" } }
    }]
    error_message = "Only this topic may send to the queue of undeliverable messages."
  }

  assert {
    condition     = aws_lambda_permission.notify_slack.qualifier == "live" && aws_lambda_permission.notify_slack.source_arn == "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
    error_message = "Only this topic may call notify-slack."
  }
}

run "what_cannot_be_posted_is_kept" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.notify_slack["live"].maximum_retry_attempts == 2 && aws_lambda_function_event_invoke_config.notify_slack["live"].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed"
    error_message = "After two retries an event must end in the queue of failed posts."
  }

  assert {
    condition     = aws_sqs_queue.undeliverable.message_retention_seconds == 1209600 && aws_sqs_queue.notify_slack_failed.message_retention_seconds == 1209600
    error_message = "Both queues keep a message for 14 days."
  }
}

run "functions_do_not_wait_for_the_queue_of_failed_posts" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  providers = {
    aws = aws.before_apply
  }

  override_resource {
    target          = aws_sqs_queue.notify_slack_failed
    override_during = apply
  }

  assert {
    condition     = output.notify_slack_failed_queue_arn == "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed"
    error_message = "The queue's ARN must follow from its name, known before the queue is made."
  }
}

run "each_service_that_tells_something_may_publish" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition = { for statement in jsondecode(aws_sns_topic_policy.notifications.policy).Statement : statement.Principal.Service => try(statement.Condition, null) } == {
      # EventBridge gives no context when it publishes: a condition would drop every event in silence.
      "events.amazonaws.com"                 = null
      "cloudwatch.amazonaws.com"             = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      "budgets.amazonaws.com"                = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      "codestar-notifications.amazonaws.com" = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }
    error_message = "Rules, alarms, budgets and notification rules publish, and nobody else; all but EventBridge are bound to the account."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_sns_topic_policy.notifications.policy).Statement : statement.Effect == "Allow" && statement.Action == ["sns:Publish"] && statement.Resource == ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]])
    error_message = "They may publish to this topic and do nothing else."
  }
}

run "an_unwatched_environment_has_no_alarms" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    emails = ["desk@example.com"]
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.queue) == 0 && length(aws_sns_topic.escalations) == 0 && length(aws_cloudwatch_event_rule.delivery) == 0 && length(aws_sns_topic_subscription.email) == 0 && output.escalations_topic_arn == null
    error_message = "Where nothing is watched there are no alarms, no second topic and no rules."
  }

  assert {
    condition     = aws_sns_topic.notifications.kms_master_key_id == null && aws_sqs_queue.undeliverable.sqs_managed_sse_enabled && aws_sqs_queue.notify_slack_failed.sqs_managed_sse_enabled
    error_message = "Without a key the queues are encrypted with SQS's own."
  }
}

run "every_queue_alarms_past_slack_too" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    watched = true
    emails  = ["desk@example.com"]
    key     = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
  }

  assert {
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.queue : alarm.dimensions.QueueName]) == toset([aws_sqs_queue.undeliverable.name, aws_sqs_queue.notify_slack_failed.name])
    error_message = "Both queues must have an alarm."
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.queue :
      alarm.metric_name == "ApproximateNumberOfMessagesVisible" && alarm.threshold == 1 && alarm.period == 60 &&
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications", "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations"])
    ])
    error_message = "One message must raise the alarm, in Slack and past it."
  }

  assert {
    condition     = aws_sns_topic_subscription.email["desk@example.com"].protocol == "email" && aws_sns_topic_subscription.email["desk@example.com"].topic_arn == "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations"
    error_message = "Each address must be told of what Slack cannot be told."
  }

  assert {
    condition     = alltrue([for encrypted_with in [aws_sns_topic.notifications.kms_master_key_id, aws_sns_topic.escalations[0].kms_master_key_id, aws_sqs_queue.undeliverable.kms_master_key_id, aws_sqs_queue.notify_slack_failed.kms_master_key_id, aws_secretsmanager_secret.slack_webhook.kms_key_id] : encrypted_with == var.key.arn])
    error_message = "Topics, queues and the secret must be encrypted with the environment's key."
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.delivery) == ["canary-failed"] && jsondecode(aws_cloudwatch_event_rule.delivery["canary-failed"].event_pattern).detail == { application = [{ prefix = "gridbid-dev-" }], state = ["FAILURE", "STOP"] }
    error_message = "A canary of this environment that goes back must be told, and of no other environment."
  }
}

run "the_pipelines_failures_and_approvals_are_told_where_asked_for" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    watched          = true
    pipeline_notifications = true
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.delivery["pipeline-failed"].event_pattern) == {
      source        = ["aws.codepipeline"]
      "detail-type" = ["CodePipeline Pipeline Execution State Change"]
      detail        = { pipeline = ["gridbid-delivery"], state = ["FAILED"] }
    }
    error_message = "A pipeline that fails must be told."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.delivery["pipeline-waits"].event_pattern).detail == { pipeline = ["gridbid-delivery"], state = ["STARTED"], type = { category = ["Approval"] } }
    error_message = "A pipeline that waits for an approval must be told."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.delivery : target.arn == "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"])
    error_message = "Deliveries must be told on the topic that Slack hears."
  }
}

run "an_address_that_is_none_is_refused" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    emails = ["desk"]
  }

  expect_failures = [var.emails]
}

run "a_recovery_that_does_not_exist_is_refused" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    secret_recovery_days = 3
  }

  expect_failures = [var.secret_recovery_days]
}
