# Reads of configuration, for plans. No content of tables, buckets, queues or secrets.

locals {
  reads = {
    reads = [for statement in [
      { resources = local.own.functions, actions = [
        "lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration", "lambda:GetFunctionEventInvokeConfig", "lambda:GetPolicy", "lambda:ListTags",
        "lambda:ListVersionsByFunction",
      ] },
      { resources = local.own.roles, actions = [
        "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
      ] },
      { resources = local.own.buckets, actions = [
        "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
      ] },
      { resources = local.own.tables, actions = [
        "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
      ] },
      { resources = local.own.topics, actions = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"] },
      { resources = local.own.pipes, actions = ["pipes:DescribePipe", "pipes:ListTagsForResource"] },
      { resources = local.mappings, actions = ["lambda:GetEventSourceMapping"], condition = local.functions_of_environment },
      { resources = local.mappings, actions = ["lambda:ListTags"] },
      { resources = local.own.queues, actions = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"] },
      { resources = local.own.secrets, actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"] },
      { resources = local.own.state_machines, actions = ["states:DescribeStateMachine", "states:ListStateMachineVersions", "states:ListTagsForResource"] },
      { resources = local.own.schedules, actions = ["scheduler:GetSchedule", "scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"] },
      { resources = local.own.rules, actions = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"] },
      { resources = concat(local.own.alarms, local.own.dashboards), actions = ["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"] },
      { resources = local.own.log_groups, actions = ["logs:DescribeMetricFilters", "logs:ListTagsForResource"] },
      { resources = local.own.deployments, actions = ["codedeploy:GetApplication", "codedeploy:GetDeploymentGroup", "codedeploy:ListTagsForResource"] },
      { resources = local.own.budgets, actions = ["budgets:ListTagsForResource", "budgets:ViewBudget"] },
      { resources = local.apis, actions = ["apigateway:GET"] },
      { resources = local.keys, actions = ["kms:DescribeKey"] },
      # Step Functions decrypts the definition of the state machine for its reader.
      { resources = local.keys, actions = ["kms:Decrypt"], condition = { StringEquals = { "kms:ViaService" = "states.${local.region}.amazonaws.com" } } },
      # These actions do not support resource-level permissions, or check them against all resources (DescribeAlarms).
      { resources = ["*"], actions = ["cloudwatch:DescribeAlarms", "lambda:GetAccountSettings", "logs:DescribeLogGroups", "sns:GetSubscriptionAttributes", "states:ValidateStateMachineDefinition"] },
    ] : merge({ condition = null }, statement)]
  }

  state_reads = [for statement in [
    { resources = var.state_bucket_arn[*], actions = ["s3:ListBucket"] },
    { resources = flatten([for bucket in var.state_bucket_arn[*] : [for environment in local.environments : "${bucket}/${environment}/*"]]), actions = ["s3:GetObject"] },
  ] : merge({ condition = null }, statement)]
}
