# The boundary: a role under it cannot leave it, cannot make another one without it, and cannot touch it or the delivery's roles.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

run "a_role_cannot_leave_the_boundary" {
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
    error_message = "No role may take the boundary from any role, or change what the boundary says."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement if statement.Sid == "NoRoleWithoutThisBoundary"] == [{
      Sid       = "NoRoleWithoutThisBoundary"
      Effect    = "Deny"
      Action    = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
      Resource  = "*"
      Condition = { StringNotEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/gridbid-boundary" } }
    }]
    error_message = "A role may only make and equip roles that are under the same boundary."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : contains(statement.Action, "iam:PutRolePolicy") && contains(statement.Action, "iam:UpdateAssumeRolePolicy") && contains(statement.Action, "iam:AttachRolePolicy") && statement.Effect == "Deny" && statement.Resource == "arn:aws:iam::123456789012:role/gridbid-delivery-*" if statement.Sid == "TheDeliveryStays"])
    error_message = "No role may change the roles of the delivery."
  }
}

run "nothing_of_iam_is_allowed_but_roles_of_gridbid" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : !anytrue([for action in statement.Action : startswith(action, "iam:") || startswith(action, "sts:") || startswith(action, "organizations:") || action == "*"]) if statement.Sid == "ServicesOfGridbid"])
    error_message = "Services are allowed as a whole, but IAM, STS and organizations never."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Resource == "arn:aws:iam::123456789012:role/gridbid-*" && alltrue([for action in statement.Action : !strcontains(action, "*") && !strcontains(action, "User") && !strcontains(action, "AccessKey") && !strcontains(action, "OpenIDConnect")]) if statement.Sid == "RolesOfGridbid"])
    error_message = "Of IAM only roles of Gridbid may be worked on: no users, no keys, no identity providers."
  }

  assert {
    condition     = length(aws_iam_policy.boundary.policy) <= 6144
    error_message = "IAM takes policies of at most 6,144 characters."
  }
}
