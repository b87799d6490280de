# The table of orders: one item per record_id, gone 24 hours after it was accepted.
#
# Promises: on-demand capacity, and items removed some time after the epoch second in `expires_at`. That removal is lazy, so a
# reader must compare `expires_at` itself. Leaves out: who reads and writes; the functions' roles say that.
# Called by: terraform/stack.

resource "aws_dynamodb_table" "orders" {
  # checkov:skip=CKV_AWS_28: The environment decides: on by default, off for dev and the laptop

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

  # One day at most: a backup must not outlive the data's own 24 hours by much.
  point_in_time_recovery {
    enabled                 = var.point_in_time_recovery
    recovery_period_in_days = var.point_in_time_recovery ? 1 : null
  }

  # Without a key of ours DynamoDB encrypts with its own.
  dynamic "server_side_encryption" {
    for_each = var.key[*].arn

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  deletion_protection_enabled = var.deletion_protection
}
