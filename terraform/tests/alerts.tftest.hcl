# Notifications: what cannot be delivered or posted is kept, and only the named rules publish.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications" }
  }
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
  publishing_rule_arns = ["arn:aws:events:eu-west-1:123456789012:rule/gridbid-dev-results-run-ended-badly"]
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
    condition = jsondecode(aws_sqs_queue_policy.undeliverable.policy).Statement == [{
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

run "only_the_named_rules_publish" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  assert {
    condition = jsondecode(aws_sns_topic_policy.notifications.policy).Statement == [{
      Sid       = "PublishFromEventRules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["sns:Publish"]
      Resource  = ["arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"]
      Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:events:eu-west-1:123456789012:rule/gridbid-dev-results-run-ended-badly"] } }
    }]
    error_message = "EventBridge may publish for the named rules only."
  }
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
