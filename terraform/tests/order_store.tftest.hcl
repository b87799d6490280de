# The table of orders: what DynamoDB is told about keys, expiry and capacity.

mock_provider "aws" {}

variables {
  environment            = "local"
  point_in_time_recovery = false
  deletion_protection    = false
}

run "orders_expire_by_their_own_attribute" {
  command = plan

  module {
    source = "../modules/order-store"
  }

  assert {
    condition     = aws_dynamodb_table.orders.ttl[0].enabled && aws_dynamodb_table.orders.ttl[0].attribute_name == "expires_at"
    error_message = "DynamoDB must remove orders by `expires_at`."
  }

  assert {
    condition     = aws_dynamodb_table.orders.hash_key == "record_id" && aws_dynamodb_table.orders.range_key == null
    error_message = "One item per record_id: the key is record_id alone."
  }

  assert {
    condition     = aws_dynamodb_table.orders.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must be on demand."
  }

  assert {
    condition     = aws_dynamodb_table.orders.name == "gridbid-local-orders"
    error_message = "The table's name must be gridbid-<environment>-orders."
  }
}

run "a_backup_keeps_one_day" {
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
    error_message = "Orders must expire: point-in-time recovery keeps one day."
  }

  assert {
    condition     = aws_dynamodb_table.orders.deletion_protection_enabled
    error_message = "The table must refuse to be deleted."
  }
}

run "the_environments_key_encrypts_the_table" {
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
