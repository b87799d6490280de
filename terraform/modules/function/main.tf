# A Lambda function: code from the artifacts bucket, the alias `live`, a log group and a role.
#
# The code is addressed by the hash of its zip. Every change of code or configuration publishes a version; `gridbid` shifts the
# alias. The role can write to its log group and has the given policy statements. The caller's module grants the permission
# to invoke. Alarms are in alarms.tf, the canary in canary.tf.

data "aws_caller_identity" "current" {}

locals {
  function_name = "gridbid-${var.environment}-${var.name}"

  log_statement = {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: Set by the environment: one year in prod, two weeks in dev, one day locally

  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.key[*].arn)
}

resource "aws_iam_role" "this" {
  name                 = local.function_name
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in concat([local.log_statement], var.policy_statements) : {
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    }]
  })
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_50: The state machine is traced, and log lines contain the run; a tracer would be larger than the function
  # checkov:skip=CKV_AWS_116: Only notify-slack is invoked asynchronously; modules/alerts has its failure queue
  # checkov:skip=CKV_AWS_117: It calls AWS, Slack and the platform over TLS with IAM and tokens; a VPC would add cost and no protection
  # checkov:skip=CKV_AWS_173: The variables contain names and ARNs, no secrets
  # checkov:skip=CKV_AWS_272: The code is addressed by its hash in a bucket whose keys cannot be overwritten

  function_name = local.function_name
  description   = var.description
  role          = aws_iam_role.this.arn

  runtime       = var.code.runtime
  handler       = var.code.handler
  architectures = [var.code.architecture]

  s3_bucket        = var.artifacts_bucket
  s3_key           = "functions/${var.name}/${var.code.sha256}.zip"
  source_code_hash = var.code.sha256_base64
  publish          = true

  memory_size = var.memory_mb
  timeout     = var.timeout_seconds

  # Null: unreserved concurrency of the account.
  reserved_concurrent_executions = var.reserved_concurrency

  environment {
    variables = merge({ GRIDBID_ENVIRONMENT = var.environment }, var.environment_variables)
  }

  # The reference also creates the group, with its retention, before the first log line.
  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  # Without its policy, the first invocations would fail.
  depends_on = [aws_iam_role_policy.this]
}

# Created with the first version; afterwards only `gridbid deploy` and `gridbid rollback` move it.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that callers invoke"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}
