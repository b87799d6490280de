# The boundary: what no role of Gridbid's delivery or environments goes beyond, whatever its own policies say.
#
# Promises: a role under it makes and changes roles only under the same boundary, takes the boundary from none, leaves the
# boundary itself and the roles of the delivery alone, and reaches no other service than those that Gridbid uses. So whoever
# takes over a deployment gains nothing that the deployment did not have. Leaves out: what a role may do; its policies say that.
# Called by: terraform/bootstrap.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  name    = "gridbid-boundary"

  # Known before the policy is: it speaks of itself.
  arn            = "arn:aws:iam::${local.account}:policy/${local.name}"
  delivery_roles = "arn:aws:iam::${local.account}:role/gridbid-delivery-*"

  # A boundary grants nothing, so it names services. IAM it names action by action.
  services = [
    "apigateway", "budgets", "cloudwatch", "codebuild", "codeconnections", "codedeploy", "codepipeline", "codestar-connections",
    "dynamodb", "events", "execute-api", "kms", "lambda", "logs", "s3", "scheduler", "secretsmanager", "sns", "sqs", "states", "xray",
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
  description = "What no role of Gridbid goes beyond"

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
