# The permissions boundary of all roles of delivery and environments.
#
# A role under it can create and change roles only under the same boundary, cannot remove or change the boundary, cannot change the
# delivery roles, and can use only the services that Gridbid uses. A compromised deployment therefore cannot escalate its
# privileges. A boundary grants nothing: permissions are in the roles' own policies.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  name    = "gridbid-boundary"

  # Built from the name, because the policy refers to itself.
  arn            = "arn:aws:iam::${local.account}:policy/${local.name}"
  delivery_roles = "arn:aws:iam::${local.account}:role/gridbid-delivery-*"

  # Whole services, because a boundary grants nothing. IAM is listed by action.
  services = [
    "apigateway", "budgets", "cloudfront", "cloudwatch", "codebuild", "codeconnections", "codedeploy", "codepipeline", "codestar-connections",
    "dynamodb", "events", "execute-api", "kms", "lambda", "logs", "pipes", "s3", "scheduler", "secretsmanager", "sns", "sqs", "states", "xray",
  ]

  make_roles = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]

  change_roles = [
    "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription", "iam:UpdateAssumeRolePolicy",
    "iam:TagRole", "iam:UntagRole",
  ]

  read_roles = [
    "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
  ]
}

resource "aws_iam_policy" "boundary" {
  name        = local.name
  description = "Permissions boundary of all roles of Gridbid"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ServicesOfGridbid"
        Effect   = "Allow"
        Action   = [for service in local.services : "${service}:*"]
        Resource = "*"
      },
      {
        Sid      = "RolesOfGridbid"
        Effect   = "Allow"
        Action   = concat(local.make_roles, local.change_roles, local.read_roles, ["iam:PassRole"])
        Resource = "arn:aws:iam::${local.account}:role/gridbid-*"
      },
      {
        Sid       = "NoRoleWithoutThisBoundary"
        Effect    = "Deny"
        Action    = local.make_roles
        Resource  = "*"
        Condition = { StringNotEquals = { "iam:PermissionsBoundary" = local.arn } }
      },
      {
        Sid      = "TheBoundaryStays"
        Effect   = "Deny"
        Action   = ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy"]
        Resource = "*"
      },
      {
        Sid      = "TheDeliveryStays"
        Effect   = "Deny"
        Action   = concat(local.make_roles, local.change_roles, ["iam:AttachRolePolicy", "iam:DetachRolePolicy"])
        Resource = local.delivery_roles
      },
    ]
  })
}
