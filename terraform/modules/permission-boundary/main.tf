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

  # Not roles: IAM's actions are listed below. One pattern for the three folders of log groups keeps the policy within its quota.
  named = flatten([
    [for kind, arns in local.own : arns if !contains(["log_groups", "roles"], kind)],
    "arn:aws:logs:${local.here}:log-group:/aws/*/gridbid-${var.environment}-*",
  ])

  # Actions without resource-level permissions.
  unnamed = [
    "cloudwatch:DescribeAlarms", "codedeploy:StopDeployment", "dynamodb:ListStreams", "logs:*LogDelivery", "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes", "sns:Unsubscribe", "states:ValidateStateMachineDefinition", "xray:GetSampling*", "xray:PutT*",
  ]

  distributions = "arn:aws:cloudfront::${local.account}:distribution/*"

  # A mapping has an ID instead of a name.
  mappings     = ["arn:aws:lambda:${local.here}:event-source-mapping:*"]
  own_function = { ArnLike = { "lambda:FunctionArn" = local.own.functions } }

  # API Gateway generates an API's ID at the first deployment. Until it is known, every API is allowed but the known ones of others.
  api_paths = flatten([
    "apis", "tags/*",
    var.api_id == null ? ["apis/*"] : ["apis/${var.api_id}", "apis/${var.api_id}/*"],
    [for domain in var.domain[*] : ["domainnames", "domainnames/${domain}", "domainnames/${domain}/*"]],
  ])

  statements = concat(
    [
      { Sid = "OwnResources", Action = [for service in local.services : "${service}:*"], Resource = local.named },
      { Sid = "WithoutNames", Action = local.unnamed, Resource = ["*"] },
      { Sid = "MapOwnFunctions", Action = ["lambda:CreateEventSourceMapping"], Resource = ["*"], Condition = local.own_function },
      {
        Sid       = "OwnEventSourceMappings"
        Action    = ["lambda:DeleteEventSourceMapping", "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"]
        Resource  = local.mappings
        Condition = local.own_function
      },
      # A mapping's tags grant nothing, and its ARN does not name its function.
      { Sid = "TagsOfMappings", Action = ["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"], Resource = local.mappings },
      { Sid = "CanaryConfigurations", Action = ["codedeploy:GetDeploymentConfig"], Resource = ["arn:aws:codedeploy:${local.here}:deploymentconfig:CodeDeployDefault.*"] },
      { Sid = "OwnKey", Action = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"], Resource = [var.key_arn] },
      { Sid = "OwnApi", Action = ["apigateway:*"], Resource = [for path in local.api_paths : "arn:aws:apigateway:${local.region}::/${path}"] },
      { Sid = "CallOwnApi", Action = ["execute-api:Invoke"], Resource = ["arn:aws:execute-api:${local.here}:${coalesce(var.api_id, "*")}/*"] },
      { Sid = "BucketNames", Action = ["s3:ListBucket"], Resource = [var.state_bucket_arn, var.artifacts_bucket_arn] },
      { Sid = "OwnState", Action = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Resource = ["${var.state_bucket_arn}/${var.environment}/*"] },
      { Sid = "Releases", Action = ["s3:GetObject"], Resource = ["${var.artifacts_bucket_arn}/console/*", "${var.artifacts_bucket_arn}/functions/*", "${var.artifacts_bucket_arn}/releases/*"] },
      { Sid = "OwnDeployments", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${var.artifacts_bucket_arn}/deployments/${var.environment}/*"] },
      # A distribution has a generated ID, so its tag tells whose it is. The other parts of a console have IDs and no tags.
      { Sid = "OwnConsole", Action = ["cloudfront:*"], Resource = [local.distributions], Condition = { StringEquals = { "aws:ResourceTag/Environment" = var.environment } } },
      {
        Sid       = "NewConsole"
        Action    = ["cloudfront:CreateDistribution", "cloudfront:TagResource"]
        Resource  = ["*"]
        Condition = { StringEquals = { "aws:RequestTag/Environment" = var.environment }, Null = { "aws:ResourceTag/Environment" = "true" } }
      },
      { Sid = "ConsoleParts", Action = ["cloudfront:CreateFunction", "cloudfront:*OriginAccessControl", "cloudfront:*ResponseHeadersPolicy"], Resource = ["*"] },
      # A role can be created or given a policy only under this boundary.
      {
        Sid       = "MakeOwnRoles"
        Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = local.own.roles
        Condition = { StringEquals = { "iam:PermissionsBoundary" = local.arn } }
      },
      {
        Sid = "OwnRoles"
        Action = [
          "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole*", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
          "iam:ListRolePolicies", "iam:PassRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole*",
        ]
        Resource = local.own.roles
      },
    ],
    flatten([for pipeline in var.pipeline[*] : [
      { Sid = "PipelineLogs", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${pipeline.log_group_arn_prefix}*"] },
      { Sid = "PipelineSources", Action = ["s3:GetObject"], Resource = ["${pipeline.sources_bucket_arn}/*"] },
      { Sid = "PipelineKey", Action = ["kms:Decrypt"], Resource = [pipeline.key_arn] },
      { Sid = "PipelineConnection", Action = ["codeconnections:UseConnection"], Resource = [pipeline.connection_arn] },
    ]]),
  )

  denials = concat(
    var.destroyable ? [] : [
      { Sid = "RecordsStay", Action = ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"], Resource = ["*"] },
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
