# Submission: from the orders table to submit-orders, which sends orders to the auction platform.
#
# A pipe copies each new item whose `submission_status` is `pending` from the table's stream to a queue; from there on, orders wait
# in the queue and not on a shard of the stream. The write-backs of submit-orders have another status and deletions have no image,
# so neither matches; the claim of an expired order's report does, and its message finds the claim and ends. A message that fails
# stays in the queue until its order has expired: submit-orders sets the delay of each retry. What SQS gives up on, and what is not an order, ends in the dead-letter queue. Alarms are in watch.tf.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name

  names = {
    queue        = "gridbid-${var.environment}-submission"
    dead_letters = "gridbid-${var.environment}-submission-dead-letters"
  }
  pipe = local.names.queue

  # Built from names: the provider takes 25 seconds to create a queue, which the function and the roles need not wait for.
  queue_arns = { for queue, name in local.names : queue => "arn:aws:sqs:${local.region}:${local.account}:${name}" }
  queue_urls = { for queue, name in local.names : queue => "https://sqs.${local.region}.amazonaws.com/${local.account}/${name}" }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.names.dead_letters
  message_retention_seconds = 14 * 86400
  kms_master_key_id         = one(var.key[*].arn)
  sqs_managed_sse_enabled   = var.key == null ? true : null
}

resource "aws_sqs_queue" "orders" {
  name                    = local.names.queue
  kms_master_key_id       = one(var.key[*].arn)
  sqs_managed_sse_enabled = var.key == null ? true : null

  # Longer than an order lives, so that its expiry is reported by its message.
  message_retention_seconds = 4 * 86400

  # For invocations that end without a response, such as a crash; submit-orders sets the delay of all others.
  visibility_timeout_seconds = var.visibility_timeout_seconds

  # SQS's maximum. The delays of submit-orders grow to 15 minutes, so that an order expires after at most 200 deliveries.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 1000 })
}

# From the stream to the queue.

resource "aws_iam_role" "pipe" {
  name                 = "${local.pipe}-pipe"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "pipes.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "pipe" {
  name = "pipe"
  role = aws_iam_role.pipe.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in concat(
      [
        { actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], resources = [var.stream_arn] },
        # Does not support resource-level permissions.
        { actions = ["dynamodb:ListStreams"], resources = ["*"] },
        { actions = ["sqs:SendMessage"], resources = [local.queue_arns.queue] },
      ],
      # The stream and the queue are encrypted with it.
      [for arn in var.key[*].arn : { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [arn] }],
      ) : {
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    }]
  })
}

resource "aws_pipes_pipe" "orders" {
  name        = local.pipe
  description = "New orders, from the stream of the orders table to the submission queue"
  role_arn    = aws_iam_role.pipe.arn
  source      = var.stream_arn
  target      = aws_sqs_queue.orders.arn

  source_parameters {
    dynamodb_stream_parameters {
      starting_position = "TRIM_HORIZON"
      # SQS's limit of messages per request.
      batch_size = 10

      # A record that SQS refuses must not block the others on its shard for a day. It is reported by an alarm, and its order can be
      # sent again from the table.
      maximum_retry_attempts        = 100
      on_partial_batch_item_failure = "AUTOMATIC_BISECT"
    }

    filter_criteria {
      filter {
        # Equality on a scalar: other operators and types behave differently on the local cloud.
        pattern = jsonencode({
          eventName = ["INSERT", "MODIFY"]
          dynamodb  = { NewImage = { submission_status = { S = ["pending"] } } }
        })
      }
    }
  }

  # Without its policy, the pipe would fail to start.
  depends_on = [aws_iam_role_policy.pipe]
}

# From the queue to submit-orders.

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn = aws_sqs_queue.orders.arn
  function_name    = var.submit_orders.alias_arn

  # One request to the platform has at most 100 orders.
  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}
