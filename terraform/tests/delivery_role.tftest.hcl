# The delivery roles: who assumes them, and exactly which permissions each kind has.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  kind        = "deploy"
  name        = "dev"
  description = "Jobs of the environment dev deploy it"
  environment = "dev"
  key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/d"
  trust = {
    principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
    action    = "sts:AssumeRoleWithWebIdentity"
    condition = { StringEquals = { "token.actions.githubusercontent.com:sub" = ["repo:example/gridbid:environment:dev"] } }
  }
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary"
  state_bucket_arn         = "arn:aws:s3:::state"
  artifacts_bucket_arn     = "arn:aws:s3:::artifacts"
  cache_bucket_arn         = "arn:aws:s3:::cache"
}

run "role_has_its_condition_and_boundary" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Condition = { StringEquals = { "token.actions.githubusercontent.com:sub" = ["repo:example/gridbid:environment:dev"] } }
    }]
    error_message = "Only the principal that satisfies the condition may assume the role."
  }

  assert {
    condition     = aws_iam_role.this.name == "gridbid-delivery-dev" && aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn && aws_iam_role.this.max_session_duration == 7200
    error_message = "The role must be under the boundary, with sessions that outlast the longest canary (20 minutes), its revert and Terraform."
  }
}

run "policies_have_no_wildcard_action_and_fit_the_quota" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  assert {
    condition     = alltrue(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : [for action in statement.Action : !strcontains(action, "*")]]]))
    error_message = "Actions must not contain wildcards."
  }

  # These actions do not support resource-level permissions, or check them against all resources.
  assert {
    condition = toset(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Action if contains(statement.Resource, "*")]])) == toset([
      "cloudfront:CreateDistribution", "cloudfront:CreateFunction", "cloudfront:CreateOriginAccessControl", "cloudfront:CreateResponseHeadersPolicy",
      "cloudwatch:DescribeAlarms", "codedeploy:StopDeployment", "lambda:CreateEventSourceMapping", "lambda:GetAccountSettings", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
      "states:ValidateStateMachineDefinition",
    ])
    error_message = "Only actions without resource-level permissions may be allowed on all resources."
  }

  assert {
    condition     = alltrue([for policy in aws_iam_policy.this : length(policy.policy) <= 6144]) && length(aws_iam_policy.this) <= 10
    error_message = "A policy has at most 6,144 characters, and a role at most ten policies (IAM quotas)."
  }
}

run "deploy_role_is_limited_to_its_environment_and_the_boundary" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  assert {
    condition     = !anytrue([for policy in aws_iam_policy.this : strcontains(policy.policy, "prod")])
    error_message = "The role of dev must not refer to prod."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.this["functions"].policy).Statement : [statement.Resource, try(statement.Condition, null)] if contains(statement.Action, "iam:CreateRole")] == [[
      ["arn:aws:iam::123456789012:role/gridbid-dev-*"],
      { StringEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary" } },
    ]]
    error_message = "A role may be created only under the boundary and with the environment's name."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.this["functions"].policy).Statement : try(statement.Condition, null) if contains(statement.Action, "iam:PassRole")] == [
      { StringEquals = { "iam:PassedToService" = ["codedeploy.amazonaws.com", "lambda.amazonaws.com", "pipes.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"] } }
    ]
    error_message = "Roles may be passed only to the five services that use them."
  }

  assert {
    condition = alltrue(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement :
      try(statement.Condition, null) == { ArnLike = { "lambda:FunctionArn" = ["arn:aws:lambda:eu-west-1:123456789012:function:gridbid-dev-*"] } }
      if length(setintersection(statement.Action, ["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"])) > 0
    ]]))
    error_message = "Event source mappings may be changed only for the environment's functions."
  }

  assert {
    condition     = !anytrue(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : [for action in statement.Action : contains(["secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:Scan", "iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy"], action)]]]))
    error_message = "A deployment must not read secrets or orders, or change boundaries."
  }

  assert {
    condition     = [for resource in flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "dynamodb:Query")]]) : resource] == ["arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-runs/index/open_slots"]
    error_message = "A deployment may query only the index of open slots."
  }

  assert {
    condition     = toset(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "s3:PutObject")]])) == toset(["arn:aws:s3:::state/dev/*", "arn:aws:s3:::artifacts/deployments/dev/*", "arn:aws:s3:::gridbid-dev-console-*/*"])
    error_message = "A deployment may write its state, its records and its console, and no artifact."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_policy.this["console"].policy).Statement :
      contains([
        { StringEquals = { "aws:ResourceTag/Environment" = "dev" } },
        { StringEquals = { "aws:RequestTag/Environment" = "dev" }, Null = { "aws:ResourceTag/Environment" = "true" } },
      ], try(statement.Condition, null))
      if length(setintersection(statement.Action, ["cloudfront:DeleteDistribution", "cloudfront:TagResource", "cloudfront:UpdateDistribution"])) > 0
    ])
    error_message = "A deployment may change only its environment's distribution, and must not tag another's."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_policy.this["console"].policy).Statement : statement.Resource if contains(statement.Action, "cloudfront:UpdateFunction")])) == toset(["arn:aws:cloudfront::123456789012:function/gridbid-dev-console-*"])
    error_message = "A deployment may change only its environment's CloudFront function."
  }
}

run "plan_role_reads_configuration_and_no_data" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    kind = "plan"
    name = "plan-dev"
  }

  assert {
    condition     = alltrue(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : [for action in statement.Action : can(regex("^[a-z0-9]+:(Get|List|Describe|View|GET|Validate)", action)) || action == "kms:Decrypt"]]]))
    error_message = "A plan must not write anything, not even a lock."
  }

  assert {
    condition     = toset(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "s3:GetObject")]])) == toset(["arn:aws:s3:::state/dev/*", "arn:aws:s3:::gridbid-dev-console-*/*"])
    error_message = "The Terraform state and the console's public files must be the only objects that a plan reads."
  }

  # DescribeStateMachine needs it for the definition.
  assert {
    condition     = flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Condition if contains(statement.Action, "kms:Decrypt")]]) == [{ StringEquals = { "kms:ViaService" = "states.eu-west-1.amazonaws.com" } }]
    error_message = "A plan may decrypt nothing but what Step Functions decrypts for it."
  }

  assert {
    condition     = alltrue([for policy in aws_iam_policy.this : length(policy.policy) <= 6144])
    error_message = "A policy has at most 6,144 characters (IAM quota)."
  }

  assert {
    condition     = !anytrue(flatten([for policy in aws_iam_policy.this : [for statement in jsondecode(policy.policy).Statement : [for action in statement.Action : contains(["secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "sqs:ReceiveMessage", "logs:GetLogEvents", "states:GetExecutionHistory"], action)]]]))
    error_message = "A plan must not read secrets, orders, messages or logs."
  }
}

run "release_role_writes_artifacts_and_the_cache" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    kind                     = "release"
    name                     = "release"
    environment              = null
    key_arn                  = null
    permissions_boundary_arn = null
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.this["artifacts"].policy).Statement : [statement.Action, statement.Resource]] == [
      [["s3:ListBucket"], ["arn:aws:s3:::artifacts", "arn:aws:s3:::cache"]],
      [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::artifacts/console/*", "arn:aws:s3:::artifacts/functions/*", "arn:aws:s3:::artifacts/releases/*"]],
      [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::cache/*"]],
    ] && length(aws_iam_policy.this) == 1
    error_message = "A release may only write artifacts and the cache."
  }
}

run "deploy_role_without_an_environment_is_refused" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    environment              = null
    key_arn                  = null
    permissions_boundary_arn = null
  }

  expect_failures = [var.environment]
}

run "role_of_an_environment_without_its_boundary_is_refused" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    permissions_boundary_arn = null
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "only_a_destroyable_environment_can_be_emptied" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    destroyable = true
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_policy.this["data"].policy).Statement : statement.Resource if contains(statement.Action, "s3:DeleteObjectVersion")] == [["arn:aws:s3:::gridbid-dev-*/*"]]
    error_message = "Destroying a bucket with its objects must be possible, in this environment alone."
  }

  assert {
    condition     = !anytrue(flatten([for policy in run.policies_have_no_wildcard_action_and_fit_the_quota.policies : [for statement in jsondecode(policy).Statement : contains(statement.Action, "s3:DeleteObjectVersion")]]))
    error_message = "Elsewhere no version may be deleted."
  }
}

run "trust_without_a_condition_is_refused" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    trust = { principal = { AWS = "arn:aws:iam::123456789012:root" }, action = "sts:AssumeRole", condition = {} }
  }

  expect_failures = [var.trust]
}

run "unknown_kind_is_refused" {
  command = plan

  module {
    source = "../modules/delivery-role"
  }

  variables {
    kind = "admin"
  }

  expect_failures = [var.kind]
}
