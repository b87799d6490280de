# Notifications: failed messages are kept and raise alarms, permitted publishers, reported deployments.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

# At plan time: values computed from resources are unknown.
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

run "undeliverable_messages_are_kept" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition     = aws_sns_topic_subscription.notify_slack.protocol == "lambda" && aws_sns_topic_subscription.notify_slack.endpoint == var.notify_slack.alias_arn
    error_message = "The topic must invoke the alias of notify-slack."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.notify_slack.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notifications-undeliverable" }
    error_message = "Messages that SNS cannot deliver must go to the dead-letter queue."
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
    error_message = "Only this topic may send to the dead-letter queue."
  }

  assert {
    condition     = aws_lambda_permission.notify_slack.qualifier == "live" && aws_lambda_permission.notify_slack.source_arn == "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
    error_message = "Only this topic may invoke notify-slack."
  }
}

run "failed_posts_are_kept" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.notify_slack["live"].maximum_retry_attempts == 2 && aws_lambda_function_event_invoke_config.notify_slack["live"].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-notify-slack-failed"
    error_message = "After two retries an event must go to the queue of failed posts."
  }

  assert {
    condition     = aws_sqs_queue.undeliverable.message_retention_seconds == 1209600 && aws_sqs_queue.notify_slack_failed.message_retention_seconds == 1209600
    error_message = "Both queues must keep a message for 14 days."
  }
}

run "queue_arn_is_known_before_the_queue_exists" {
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
    error_message = "The queue's ARN must be built from its name, so that it is known before the queue exists."
  }
}

run "publishing_services_are_allowed" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition = { for statement in jsondecode(aws_sns_topic_policy.notifications.policy).Statement : statement.Principal.Service => try(statement.Condition, null) } == {
      # EventBridge sends no source account: a condition would silently drop every event.
      "events.amazonaws.com"                 = null
      "cloudwatch.amazonaws.com"             = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      "budgets.amazonaws.com"                = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      "codestar-notifications.amazonaws.com" = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }
    error_message = "Only event rules, alarms, budgets and notification rules may publish; all but EventBridge need the account as a condition."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_sns_topic_policy.notifications.policy).Statement : statement.Effect == "Allow" && statement.Action == ["sns:Publish"] && statement.Resource == ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]])
    error_message = "The services may only publish to this topic."
  }
}

run "unwatched_environment_has_no_alarms" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    emails = ["desk@example.com"]
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.queue) == 0 && length(aws_cloudwatch_metric_alarm.lost) == 0 && length(aws_sqs_queue.events_undeliverable) == 0 && output.events_undeliverable_queue_arn == null && length(aws_sns_topic.escalations) == 0 && length(aws_cloudwatch_event_rule.delivery) == 0 && length(aws_sns_topic_subscription.email) == 0 && output.escalations_topic_arn == null
    error_message = "Without `watched` there must be no alarms, no second topic and no rules."
  }

  assert {
    condition     = aws_sns_topic.notifications.kms_master_key_id == null && aws_sqs_queue.undeliverable.sqs_managed_sse_enabled && aws_sqs_queue.notify_slack_failed.sqs_managed_sse_enabled
    error_message = "Without a key the queues must be encrypted by SQS."
  }
}

run "queue_alarms_also_bypass_slack" {
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
    condition     = toset([for alarm in aws_cloudwatch_metric_alarm.queue : alarm.dimensions.QueueName]) == toset([aws_sqs_queue.undeliverable.name, aws_sqs_queue.notify_slack_failed.name, aws_sqs_queue.events_undeliverable[0].name])
    error_message = "Every queue must have an alarm."
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.queue :
      alarm.metric_name == "ApproximateNumberOfMessagesVisible" && alarm.threshold == 1 && alarm.period == 60 &&
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications", "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations"])
    ])
    error_message = "One message must raise the alarm, in Slack and by email."
  }

  assert {
    condition     = aws_sns_topic_subscription.email["desk@example.com"].protocol == "email" && aws_sns_topic_subscription.email["desk@example.com"].topic_arn == "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations"
    error_message = "Each address must be subscribed to the second topic."
  }

  assert {
    condition     = alltrue([for encrypted_with in [aws_sns_topic.notifications.kms_master_key_id, aws_sns_topic.escalations[0].kms_master_key_id, aws_sqs_queue.undeliverable.kms_master_key_id, aws_sqs_queue.notify_slack_failed.kms_master_key_id, aws_secretsmanager_secret.slack_webhook.kms_key_id] : encrypted_with == var.key.arn])
    error_message = "Topics, queues and the secret must be encrypted with the environment's key."
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.delivery) == ["canary-failed"] && jsondecode(aws_cloudwatch_event_rule.delivery["canary-failed"].event_pattern).detail == { application = [{ prefix = "gridbid-dev-" }], state = ["FAILURE", "STOP"] }
    error_message = "Rolled-back canaries of this environment must be reported, and of no other environment."
  }
}

run "losses_on_the_path_to_slack_raise_alarms" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    watched = true
  }

  assert {
    condition = { for alarm in aws_cloudwatch_metric_alarm.lost : alarm.metric_name => [alarm.namespace, alarm.dimensions, alarm.threshold] } == {
      DestinationDeliveryFailures               = ["AWS/Lambda", tomap({ FunctionName = "gridbid-dev-notify-slack" }), 1]
      AsyncEventsDropped                        = ["AWS/Lambda", tomap({ FunctionName = "gridbid-dev-notify-slack" }), 1]
      NumberOfNotificationsFailedToRedriveToDlq = ["AWS/SNS", tomap({ TopicName = "gridbid-dev-notifications" }), 1]
    }
    error_message = "A notification that reached neither Slack nor a queue must raise an alarm."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.lost : alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications", "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-escalations"])])
    error_message = "These alarms must also bypass Slack."
  }
}

run "undeliverable_events_are_kept" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    watched = true
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.delivery : target.dead_letter_config[0].arn == output.events_undeliverable_queue_arn]) && output.events_undeliverable_queue_arn == "arn:aws:sqs:eu-west-1:123456789012:gridbid-dev-events-undeliverable"
    error_message = "An event that cannot be published must be kept."
  }

  assert {
    condition = [for statement in jsondecode(aws_sqs_queue.events_undeliverable[0].policy).Statement : [statement.Principal, statement.Action, statement.Condition]] == [[
      { Service = "events.amazonaws.com" }, ["sqs:SendMessage"], { ArnLike = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/gridbid-dev-*" } },
    ]]
    error_message = "Only rules of this environment may send to the queue."
  }
}

run "pipeline_failures_and_approvals_are_reported_if_enabled" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    watched                = true
    pipeline_notifications = true
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.delivery["pipeline-failed"].event_pattern) == {
      source        = ["aws.codepipeline"]
      "detail-type" = ["CodePipeline Pipeline Execution State Change"]
      detail        = { pipeline = ["gridbid-delivery"], state = ["FAILED"] }
    }
    error_message = "A failed pipeline must be reported."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.delivery["pipeline-waits"].event_pattern).detail == { pipeline = ["gridbid-delivery"], state = ["STARTED"], type = { category = ["Approval"] } }
    error_message = "A pending approval must be reported."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.delivery : target.arn == "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"])
    error_message = "Deployment events must go to the notifications topic."
  }
}

run "malformed_email_is_refused" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    emails = ["desk"]
  }

  expect_failures = [var.emails]
}

run "unsupported_recovery_window_is_refused" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    secret_recovery_days = 3
  }

  expect_failures = [var.secret_recovery_days]
}
