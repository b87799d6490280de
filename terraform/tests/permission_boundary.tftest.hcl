# The boundary: a role under it cannot remove it, create roles without it, or change it or the delivery roles.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

run "role_cannot_leave_the_boundary" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement if statement.Sid == "TheBoundaryStays"] == [{
      Sid      = "TheBoundaryStays"
      Effect   = "Deny"
      Action   = ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy"]
      Resource = "*"
    }]
    error_message = "No role may remove or change the boundary."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement if statement.Sid == "NoRoleWithoutThisBoundary"] == [{
      Sid       = "NoRoleWithoutThisBoundary"
      Effect    = "Deny"
      Action    = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
      Resource  = "*"
      Condition = { StringNotEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/gridbid-boundary" } }
    }]
    error_message = "Roles may be created and changed only under the same boundary."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : contains(statement.Action, "iam:PutRolePolicy") && contains(statement.Action, "iam:UpdateAssumeRolePolicy") && contains(statement.Action, "iam:AttachRolePolicy") && statement.Effect == "Deny" && statement.Resource == "arn:aws:iam::123456789012:role/gridbid-delivery-*" if statement.Sid == "TheDeliveryStays"])
    error_message = "No role may change the delivery roles."
  }
}

run "iam_is_limited_to_roles_of_gridbid" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : !anytrue([for action in statement.Action : startswith(action, "iam:") || startswith(action, "sts:") || startswith(action, "organizations:") || action == "*"]) if statement.Sid == "ServicesOfGridbid"])
    error_message = "Services may be allowed as a whole, but not IAM, STS and Organizations."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Resource == "arn:aws:iam::123456789012:role/gridbid-*" && alltrue([for action in statement.Action : !strcontains(action, "*") && !strcontains(action, "User") && !strcontains(action, "AccessKey") && !strcontains(action, "OpenIDConnect")]) if statement.Sid == "RolesOfGridbid"])
    error_message = "IAM must be limited to roles of Gridbid: no users, keys or identity providers."
  }

  assert {
    condition     = length(aws_iam_policy.boundary.policy) <= 6144
    error_message = "A policy has at most 6,144 characters (IAM quota)."
  }
}
