# The environment's key: every service that handles encrypted data is admitted, with a condition if it supports one.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  environment = "dev"
}

run "principals_are_admitted_with_conditions" {
  command = plan

  module {
    source = "../modules/key"
  }

  assert {
    condition = { for statement in jsondecode(aws_kms_key.this.policy).Statement : try(statement.Principal.Service, statement.Principal.AWS) => [statement.Action, try(statement.Condition, null)] } == {
      "arn:aws:iam::123456789012:root"       = ["kms:*", null]
      "cloudwatch.amazonaws.com"             = [["kms:Decrypt", "kms:GenerateDataKey"], { StringEquals = { "aws:SourceAccount" = "123456789012" } }]
      "budgets.amazonaws.com"                = [["kms:Decrypt", "kms:GenerateDataKey"], { StringEquals = { "aws:SourceAccount" = "123456789012" } }]
      "codestar-notifications.amazonaws.com" = [["kms:Decrypt", "kms:GenerateDataKey"], { StringEquals = { "kms:ViaService" = "sns.eu-west-1.amazonaws.com" } }]
      "events.amazonaws.com"                 = [["kms:Decrypt", "kms:GenerateDataKey"], null]
      "sns.amazonaws.com"                    = [["kms:Decrypt", "kms:GenerateDataKey"], null]
      "delivery.logs.amazonaws.com"          = [["kms:Decrypt"], { StringLike = { "kms:EncryptionContext:SourceArn" = "arn:aws:logs:eu-west-1:123456789012:*" } }]
      "logs.eu-west-1.amazonaws.com" = [
        ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
        { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:123456789012:log-group:*" } },
      ]
    }
    error_message = "Alarms, budgets, rules, topics and logs must be able to use the key: without it they fail silently."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must rotate and be recoverable for 30 days."
  }

  assert {
    condition     = aws_kms_alias.this.name == "alias/gridbid-dev"
    error_message = "The alias must contain the environment."
  }
}
