# One Lambda function of Gridbid: its code from the artifacts bucket, its alias `live`, its log group and its role.
#
# Promises: the code is loaded by the hash of its zip, every change of code or configuration publishes a version, and the role
# may write to its own log group and do what `policy_statements` says. The alarms are in alarms.tf, the canary in canary.tf.
# Leaves out: which version callers reach (the delivery shifts the alias), and who may call it: the module that owns the caller
# grants that. Called by: terraform/stack, once per function.

data "aws_caller_identity" "current" {}

locals {
  function_name = "gridbid-${var.environment}-${var.name}"

  log_statement = {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: The environment decides: prod keeps a year, dev two weeks, the laptop a day

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
  # checkov:skip=CKV_AWS_50: Traces of the runs come from the state machine; a function's line carries the run, and a tracer would weigh more than the function
  # checkov:skip=CKV_AWS_116: Only notify-slack is called without a caller that waits: modules/alerts keeps what it cannot post
  # checkov:skip=CKV_AWS_117: It calls AWS, Slack and the platform over TLS by IAM and tokens: a network of its own would add cost and no guard
  # checkov:skip=CKV_AWS_173: The variables hold names and ARNs, never a secret
  # checkov:skip=CKV_AWS_272: The code is known by its hash, which the release wrote and nobody can overwrite

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

  # Null takes its share of the account's concurrency, as all others do.
  reserved_concurrent_executions = var.reserved_concurrency

  environment {
    variables = merge({ GRIDBID_ENVIRONMENT = var.environment }, var.environment_variables)
  }

  # Naming the group here also makes it exist, with its retention, before the first line is logged.
  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  # A function that starts before its policy is attached fails its first calls.
  depends_on = [aws_iam_role_policy.this]
}

# Made with the first version; from then on only `gridbid deploy` and `gridbid rollback` move it.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that callers reach"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}
