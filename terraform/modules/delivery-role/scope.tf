# ARNs of the resources of the given environments, by the names that terraform/stack uses.

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name
  here    = "${local.region}:${local.account}"

  own = { for kind, patterns in {
    alarms      = ["arn:aws:cloudwatch:${local.here}:alarm:gridbid-%s-*"]
    budgets     = ["arn:aws:budgets::${local.account}:budget/gridbid-%s-*"]
    buckets     = ["arn:aws:s3:::gridbid-%s-*"]
    dashboards  = ["arn:aws:cloudwatch::${local.account}:dashboard/gridbid-%s"]
    deployments = ["arn:aws:codedeploy:${local.here}:application:gridbid-%s-*", "arn:aws:codedeploy:${local.here}:deploymentgroup:gridbid-%s-*/*"]
    functions   = ["arn:aws:lambda:${local.here}:function:gridbid-%s-*"]
    key_aliases = ["arn:aws:kms:${local.here}:alias/gridbid-%s"]
    log_groups = flatten([for group in ["/aws/lambda/gridbid-%s-*", "/aws/apigateway/gridbid-%s-*", "/aws/vendedlogs/states/gridbid-%s-*"] :
      ["arn:aws:logs:${local.here}:log-group:${group}"]
    ])
    pipes          = ["arn:aws:pipes:${local.here}:pipe/gridbid-%s-*"]
    queues         = ["arn:aws:sqs:${local.here}:gridbid-%s-*"]
    roles          = ["arn:aws:iam::${local.account}:role/gridbid-%s-*"]
    rules          = ["arn:aws:events:${local.here}:rule/gridbid-%s-*"]
    schedules      = ["arn:aws:scheduler:${local.here}:schedule/gridbid-%s-*/*", "arn:aws:scheduler:${local.here}:schedule-group/gridbid-%s-*"]
    secrets        = ["arn:aws:secretsmanager:${local.here}:secret:gridbid/%s/*"]
    state_machines = ["arn:aws:states:${local.here}:stateMachine:gridbid-%s-*"]
    tables         = ["arn:aws:dynamodb:${local.here}:table/gridbid-%s-*"]
    topics         = ["arn:aws:sns:${local.here}:gridbid-%s-*"]
    } : kind => flatten([for environment in var.environments : [for pattern in patterns : replace(pattern, "%s", environment)]])
  }

  # API Gateway and KMS generate their IDs: these are restricted by account and region, or by a tag.
  apis = [for path in ["apis", "apis/*", "domainnames", "domainnames/*", "tags/*"] : "arn:aws:apigateway:${local.region}::/${path}"]
  keys = ["arn:aws:kms:${local.here}:key/*"]

  # The same holds for event source mappings, which are restricted by their function.
  mappings                 = ["arn:aws:lambda:${local.here}:event-source-mapping:*"]
  functions_of_environment = { ArnLike = { "lambda:FunctionArn" = local.own.functions } }

  key_of_environment = { StringEquals = { "aws:ResourceTag/Environment" = join("", var.environments) } }
}
