# The orders table: one item per record_id, with on-demand capacity.
#
# DynamoDB deletes an item some time after the epoch second in `expires_at`. Deletion is late, so readers have to compare
# `expires_at` themselves.

resource "aws_dynamodb_table" "orders" {
  # checkov:skip=CKV_AWS_28: Set by the environment: on by default, off in dev and locally

  name         = "gridbid-${var.environment}-orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "record_id"

  attribute {
    name = "record_id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # For the pipe to the submission queue.
  stream_enabled   = var.stream
  stream_view_type = var.stream ? "NEW_IMAGE" : null

  # One day: a backup must not outlive the 24 hours of the data by much.
  point_in_time_recovery {
    enabled                 = var.point_in_time_recovery
    recovery_period_in_days = var.point_in_time_recovery ? 1 : null
  }

  # Without a key, DynamoDB encrypts with its default key.
  dynamic "server_side_encryption" {
    for_each = var.key[*].arn

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  deletion_protection_enabled = var.deletion_protection
}
