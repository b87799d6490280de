# The environment's KMS key: what the environment keeps, sends and logs is encrypted with it.
#
# Promises: it rotates each year, and each AWS service that works with what it encrypts is admitted: an encrypted topic whose
# publisher may not use the key drops alarms in silence. A service is bound to this account where it tells KMS its account;
# EventBridge and SNS do not. Leaves out: what the functions' roles may do with it; the stack says that.
# Called by: terraform/stack, where the environment is AWS.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name

  publish = ["kms:Decrypt", "kms:GenerateDataKey"]

  # Who works with what the key encrypts, and how it is bound.
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
    "logs.${local.region}.amazonaws.com" = {
      sid       = "LogGroupsKeep"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
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
      # Without it the key could be managed by nobody; with it, IAM decides in this account.
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
