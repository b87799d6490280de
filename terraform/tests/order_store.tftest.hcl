# The orders table: key, expiry, capacity, backup and encryption.

mock_provider "aws" {}

variables {
  environment            = "local"
  point_in_time_recovery = false
  deletion_protection    = false
}

run "orders_expire_by_their_ttl_attribute" {
  command = plan

  module {
    source = "../modules/order-store"
  }

  assert {
    condition     = aws_dynamodb_table.orders.ttl[0].enabled && aws_dynamodb_table.orders.ttl[0].attribute_name == "expires_at"
    error_message = "DynamoDB must delete orders by `expires_at`."
  }

  assert {
    condition     = aws_dynamodb_table.orders.hash_key == "record_id" && aws_dynamodb_table.orders.range_key == null
    error_message = "The key must be record_id alone: one item per record_id."
  }

  assert {
    condition     = aws_dynamodb_table.orders.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must have on-demand capacity."
  }

  assert {
    condition     = aws_dynamodb_table.orders.name == "gridbid-local-orders"
    error_message = "The table's name must be gridbid-<environment>-orders."
  }

  assert {
    condition     = !aws_dynamodb_table.orders.stream_enabled && output.stream_arn == null
    error_message = "Without an auction platform the table must have no stream."
  }
}

run "stream_has_new_images" {
  command = plan

  module {
    source = "../modules/order-store"
  }

  variables {
    stream = true
  }

  assert {
    condition     = aws_dynamodb_table.orders.stream_enabled && aws_dynamodb_table.orders.stream_view_type == "NEW_IMAGE"
    error_message = "The stream must have new images."
  }
}

run "backup_keeps_one_day" {
  command = plan

  module {
    source = "../modules/order-store"
  }

  variables {
    environment            = "prod"
    point_in_time_recovery = true
    deletion_protection    = true
  }

  assert {
    condition     = aws_dynamodb_table.orders.point_in_time_recovery[0].enabled && aws_dynamodb_table.orders.point_in_time_recovery[0].recovery_period_in_days == 1
    error_message = "Point-in-time recovery must keep one day: orders have to expire."
  }

  assert {
    condition     = aws_dynamodb_table.orders.deletion_protection_enabled
    error_message = "The table must be protected from deletion."
  }
}

run "key_encrypts_the_table" {
  command = plan

  module {
    source = "../modules/order-store"
  }

  variables {
    key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
  }

  assert {
    condition     = aws_dynamodb_table.orders.server_side_encryption[0].enabled && aws_dynamodb_table.orders.server_side_encryption[0].kms_key_arn == var.key.arn
    error_message = "The table must be encrypted with the environment's key."
  }
}
