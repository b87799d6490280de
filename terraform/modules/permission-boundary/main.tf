# The permissions boundary of one environment: of its plan and deploy roles, and of every role that a deployment creates.
#
# It allows the environment's own resources, by name, and nothing else, so that no policy that a deployment writes reaches another
# environment's data, the other keys of the state bucket, or a role outside the boundary. A boundary grants nothing: permissions are in
# the roles' own policies.

locals {
  account = module.scope.account
  region  = module.scope.region
  here    = "${local.region}:${local.account}"
  own     = module.scope.arns
  name    = "gridbid-${var.environment}-boundary"

  # Built from the name, because the policy refers to itself.
  arn = "arn:aws:iam::${local.account}:policy/${local.name}"

  # Whole services on the environment's names: the roles' own policies list actions.
  services = [
    "budgets", "cloudfront", "cloudwatch", "codedeploy", "dynamodb", "events", "lambda", "logs", "pipes", "s3", "scheduler", "secretsmanager",
    "sns", "sqs", "states",
  ]

  # Not roles: IAM's actions are listed below. One pattern for several kinds of a service keeps the policy within its quota, and the
  # console's bucket is one of the buckets.
  named = flatten([
    [for kind, arns in local.own : arns if !contains(["console_buckets", "deployments", "log_groups", "roles", "schedules"], kind)],
    "arn:aws:codedeploy:${local.here}:*:gridbid-${var.environment}-*",
    "arn:aws:logs:${local.here}:log-group:/aws/*/gridbid-${var.environment}-*",
    "arn:aws:scheduler:${local.here}:schedule*/gridbid-${var.environment}-*",
    module.scope.console_policies,
  ])

  # Actions without resource-level permissions.
  unnamed = [
    "cloudfront:CreateDistribution", "cloudfront:CreateFunction", "cloudfront:CreateOriginAccessControl", "cloudfront:CreateResponseHeadersPolicy",
    "cloudwatch:DescribeAlarms", "codedeploy:StopDeployment", "dynamodb:ListStreams", "lambda:GetAccountSettings", "logs:*LogDelivery", "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes", "sns:Unsubscribe", "states:ValidateStateMachineDefinition", "xray:GetSampling*", "xray:PutT*",
  ]

  own_function = { ArnLike = { "lambda:FunctionArn" = local.own.functions } }

  # Without `Sid`s, with which the policy would exceed its quota.
  statements = concat(
    [
      { Action = [for service in local.services : "${service}:*"], Resource = local.named },
      { Action = local.unnamed, Resource = ["*"] },
      { Action = ["lambda:CreateEventSourceMapping"], Resource = ["*"], Condition = local.own_function },
      {
        Action    = ["lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"]
        Resource  = module.scope.mappings
        Condition = local.own_function
      },
      # A mapping's tags grant nothing, and its ARN does not name its function.
      { Action = ["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"], Resource = module.scope.mappings },
      { Action = ["codedeploy:GetDeploymentConfig"], Resource = ["arn:aws:codedeploy:${local.here}:deploymentconfig:CodeDeployDefault.*"] },
      { Action = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncrypt*"], Resource = [var.key_arn] },
      { Action = ["apigateway:*"], Resource = module.scope.apis },
      { Action = ["execute-api:Invoke"], Resource = ["arn:aws:execute-api:${local.here}:${coalesce(var.api_id, "*")}/*"] },
      { Action = ["s3:ListBucket"], Resource = [var.state_bucket_arn, var.artifacts_bucket_arn] },
      { Action = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Resource = ["${var.state_bucket_arn}/${var.environment}/*"] },
      { Action = ["s3:GetObject"], Resource = ["${var.artifacts_bucket_arn}/console/*", "${var.artifacts_bucket_arn}/functions/*", "${var.artifacts_bucket_arn}/releases/*"] },
      { Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${var.artifacts_bucket_arn}/deployments/${var.environment}/*"] },
      # A distribution has a generated ID: its tag names its environment.
      { Action = ["cloudfront:DeleteD*", "cloudfront:GetD*", "cloudfront:ListTag*", "cloudfront:*agResource", "cloudfront:UpdateD*"], Resource = module.scope.distributions, Condition = { StringEquals = { "aws:ResourceTag/Environment" = var.environment } } },
      { Action = ["cloudfront:TagResource"], Resource = module.scope.distributions, Condition = { Null = { "aws:ResourceTag/Environment" = "true" } } },
      # A role can be created or given a policy only under this boundary.
      {
        Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = local.own.roles
        Condition = { StringEquals = { "iam:PermissionsBoundary" = local.arn } }
      },
      {
        Action = [
          "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole*", "iam:List*Role*", "iam:PassRole", "iam:*agRole", "iam:UpdateAssumeRolePolicy",
          "iam:UpdateRole*",
        ]
        Resource = local.own.roles
      },
    ],
    flatten([for pipeline in var.pipeline[*] : [
      { Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${pipeline.log_group_arn_prefix}*"] },
      { Action = ["s3:GetObject"], Resource = ["${pipeline.sources_bucket_arn}/*"] },
      { Action = ["kms:Decrypt"], Resource = [pipeline.key_arn] },
      { Action = ["codeconnections:UseConnection"], Resource = [pipeline.connection_arn] },
    ]]),
  )

  denials = concat(
    var.destroyable ? [] : [
      { Action = ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"], Resource = ["*"] },
    ],
    var.api_id != null || length(var.other_api_ids) == 0 ? [] : [
      {
        Sid    = "ApisOfOthers"
        Action = ["apigateway:*", "execute-api:*"]
        Resource = flatten([for id in var.other_api_ids : [
          "arn:aws:apigateway:${local.region}::/apis/${id}", "arn:aws:apigateway:${local.region}::/apis/${id}/*",
          "arn:aws:execute-api:${local.here}:${id}/*",
        ]])
      },
    ],
  )

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in local.statements : merge(statement, { Effect = "Allow" })],
      [for statement in local.denials : merge(statement, { Effect = "Deny" })],
    )
  })
}

module "scope" {
  source = "../environment-scope"

  environments = [var.environment]
  api_id       = var.api_id
  domain       = var.domain
}

resource "aws_iam_policy" "boundary" {
  name        = local.name
  description = "Permissions boundary of the roles of ${var.environment}"

  policy = local.policy

  lifecycle {
    precondition {
      condition     = length(local.policy) <= 6144
      error_message = "IAM allows 6,144 characters for a policy: use a shorter name, or give the environment its own account."
    }
  }
}
