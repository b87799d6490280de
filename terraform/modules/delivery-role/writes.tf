# Writes: what `terraform apply` creates, changes and deletes, and what a deployment does afterwards.

locals {
  writes = {
    functions = [for statement in [
      { resources = local.own.functions, actions = [
        "lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias", "lambda:DeleteFunction",
        "lambda:DeleteFunctionConcurrency", "lambda:DeleteFunctionEventInvokeConfig", "lambda:PublishVersion",
        "lambda:PutFunctionConcurrency", "lambda:PutFunctionEventInvokeConfig", "lambda:RemovePermission", "lambda:TagResource",
        "lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionEventInvokeConfig",
      ] },
      { resources = local.own.roles, actions = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"], condition = {
        StringEquals = { "iam:PermissionsBoundary" = var.permissions_boundary_arn }
      } },
      { resources = local.own.roles, actions = [
        "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ] },
      { resources = local.own.roles, actions = ["iam:PassRole"], condition = {
        StringEquals = { "iam:PassedToService" = ["codedeploy.amazonaws.com", "lambda.amazonaws.com", "pipes.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"] }
      } },
      # A mapping has no ARN before it is created.
      { resources = ["*"], actions = ["lambda:CreateEventSourceMapping"], condition = local.functions_of_environment },
      { resources = local.mappings, actions = ["lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"], condition = local.functions_of_environment },
      { resources = local.mappings, actions = ["lambda:TagResource", "lambda:UntagResource"] },
      { resources = local.own.deployments, actions = [
        "codedeploy:CreateApplication", "codedeploy:CreateDeploymentGroup", "codedeploy:DeleteApplication",
        "codedeploy:DeleteDeploymentGroup", "codedeploy:TagResource", "codedeploy:UntagResource",
        "codedeploy:UpdateApplication", "codedeploy:UpdateDeploymentGroup",
      ] },
      { resources = local.apis, actions = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:TagResource", "apigateway:UntagResource"] },
    ] : merge({ condition = null }, statement)]

    data = [for statement in [
      { resources = local.own.tables, actions = [
        "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:TagResource", "dynamodb:UntagResource",
        "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
      ] },
      { resources = local.own.buckets, actions = [
        "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketLogging", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
      ] },
      { resources = local.own.secrets, actions = [
        "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
        "secretsmanager:TagResource", "secretsmanager:UntagResource", "secretsmanager:UpdateSecret",
      ] },
      # For data of the environment, and for the definition of the state machine.
      { resources = local.keys, actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"] },
      # DynamoDB creates a grant on the key for each table.
      { resources = local.keys, actions = ["kms:CreateGrant"], condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } } },
      # Destroying a bucket empties it first.
      { resources = var.destroyable ? local.own.buckets : [], actions = ["s3:ListBucketVersions"] },
      { resources = var.destroyable ? [for bucket in local.own.buckets : "${bucket}/*"] : [], actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"] },
    ] : merge({ condition = null }, statement)]

    operations = [for statement in [
      { resources = local.own.topics, actions = [
        "sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:UntagResource",
      ] },
      { resources = local.own.pipes, actions = [
        "pipes:CreatePipe", "pipes:DeletePipe", "pipes:StartPipe", "pipes:StopPipe", "pipes:TagResource", "pipes:UntagResource",
        "pipes:UpdatePipe",
      ] },
      { resources = local.own.queues, actions = ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"] },
      { resources = local.own.state_machines, actions = [
        "states:CreateStateMachine", "states:DeleteStateMachine", "states:TagResource", "states:UntagResource",
        "states:UpdateStateMachine",
      ] },
      { resources = local.own.schedules, actions = [
        "scheduler:CreateSchedule", "scheduler:CreateScheduleGroup", "scheduler:DeleteSchedule", "scheduler:DeleteScheduleGroup",
        "scheduler:TagResource", "scheduler:UntagResource", "scheduler:UpdateSchedule",
      ] },
      { resources = local.own.rules, actions = [
        "events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource",
        "events:UntagResource",
      ] },
      { resources = concat(local.own.alarms, local.own.dashboards), actions = [
        "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource", "cloudwatch:UntagResource",
      ] },
      { resources = local.own.log_groups, actions = [
        "logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
        "logs:DisassociateKmsKey", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
      ] },
      { resources = local.own.budgets, actions = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"] },
      # These actions do not support resource-level permissions. Logging of an API or a state machine needs the log deliveries.
      { resources = ["*"], actions = [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
        "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery", "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
      ] },
    ] : merge({ condition = null }, statement)]
  }

  state_writes = [for statement in [
    { actions = ["s3:PutObject"], resources = flatten([for bucket in var.state_bucket_arn[*] : [for environment in local.environments : "${bucket}/${environment}/*"]]) },
    # The lock is an object next to the state.
    { actions = ["s3:DeleteObject"], resources = flatten([for bucket in var.state_bucket_arn[*] : [for environment in local.environments : "${bucket}/${environment}/*.tflock"]]) },
  ] : merge({ condition = null }, statement)]

  # Read releases, record deployments, probe new versions, shift aliases, redrive messages.
  delivery = [for statement in [
    { actions = ["s3:ListBucket"], resources = var.artifacts_bucket_arn[*] },
    { actions = ["s3:GetObject"], resources = flatten([for bucket in var.artifacts_bucket_arn[*] : ["${bucket}/console/*", "${bucket}/functions/*", "${bucket}/releases/*"]]) },
    { actions = ["s3:GetObject", "s3:PutObject"], resources = flatten([for bucket in var.artifacts_bucket_arn[*] : [for environment in local.environments : "${bucket}/deployments/${environment}/*"]]) },
    { actions = ["lambda:InvokeFunction"], resources = local.own.functions },
    { actions = ["codedeploy:CreateDeployment", "codedeploy:GetApplicationRevision", "codedeploy:GetDeployment", "codedeploy:ListDeployments", "codedeploy:RegisterApplicationRevision"], resources = local.own.deployments },
    # Does not support resource-level permissions.
    { actions = ["codedeploy:StopDeployment"], resources = ["*"] },
    { actions = ["codedeploy:GetDeploymentConfig"], resources = ["arn:aws:codedeploy:${local.here}:deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes"] },
    # `gridbid status` lists the open slots: their times, no orders.
    { actions = ["dynamodb:Query"], resources = [for environment in local.environments : "arn:aws:dynamodb:${local.here}:table/gridbid-${environment}-runs/index/open_slots"] },
    # The smoke test signs its requests.
    { actions = ["execute-api:Invoke"], resources = ["arn:aws:execute-api:${local.here}:${coalesce(var.api_id, "*")}/*"] },
    { actions = ["sns:Publish"], resources = local.own.topics },
    { actions = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"], resources = local.own.queues },
  ] : merge({ condition = null }, statement)]

  # Reads distinguish an interrupted upload from an existing key with other bytes.
  release = [for statement in [
    { actions = ["s3:ListBucket"], resources = concat(var.artifacts_bucket_arn[*], var.cache_bucket_arn[*]) },
    { actions = ["s3:GetObject", "s3:PutObject"], resources = flatten([for bucket in var.artifacts_bucket_arn[*] : ["${bucket}/console/*", "${bucket}/functions/*", "${bucket}/releases/*"]]) },
    { actions = ["s3:GetObject", "s3:PutObject"], resources = [for bucket in var.cache_bucket_arn[*] : "${bucket}/*"] },
  ] : merge({ condition = null }, statement)]
}
