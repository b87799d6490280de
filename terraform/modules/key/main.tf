# The environment's KMS key for stored data, messages, execution histories and logs. It rotates yearly.
#
# The policy admits each AWS service that handles encrypted data: an encrypted topic silently drops alarms if the publisher cannot
# use the key. Services are restricted to this account if they pass it to KMS; EventBridge and SNS do not. The permissions of
# the functions' roles are in terraform/stack.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name

  publish = ["kms:Decrypt", "kms:GenerateDataKey"]

  # AWS services that use the key, with their conditions.
  services = {
    "cloudwatch.amazonaws.com" = {
      sid       = "AlarmsPublish"
      actions   = local.publish
      condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }
    "budgets.amazonaws.com" = {
      sid       = "BudgetsPublish"
      actions   = local.publish
      condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }
    "codestar-notifications.amazonaws.com" = {
      sid       = "NotificationRulesPublish"
      actions   = local.publish
      condition = { StringEquals = { "kms:ViaService" = "sns.${local.region}.amazonaws.com" } }
    }
    "events.amazonaws.com" = {
      sid       = "EventRulesPublish"
      actions   = local.publish
      condition = null
    }
    "sns.amazonaws.com" = {
      sid       = "TopicsFillQueues"
      actions   = local.publish
      condition = null
    }
    # Decrypts the execution history of the encrypted state machine, to write its log.
    "delivery.logs.amazonaws.com" = {
      sid       = "ExecutionsAreLogged"
      actions   = ["kms:Decrypt"]
      condition = { StringLike = { "kms:EncryptionContext:SourceArn" = "arn:aws:logs:${local.region}:${local.account}:*" } }
    }
    "logs.${local.region}.amazonaws.com" = {
      sid       = "LogGroupsKeep"
      actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
      condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${local.region}:${local.account}:log-group:*" } }
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Gridbid ${var.environment}: tables, results, topics, queues, secrets, logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # Without this statement nobody could manage the key; with it, the account's IAM policies apply.
      [{
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      }],
      [for principal, service in local.services : merge({
        Sid       = service.sid
        Effect    = "Allow"
        Principal = { Service = principal }
        Action    = service.actions
        Resource  = "*"
      }, service.condition == null ? {} : { Condition = service.condition })],
    )
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/gridbid-${var.environment}"
  target_key_id = aws_kms_key.this.key_id
}
