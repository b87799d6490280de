# A role of the delivery: it plans, it releases, or it deploys one environment.
#
# Promises: each kind holds the actions that it uses, by name, on Gridbid's own resources; the boundary holds for it whatever
# happens to its policies. `plan` reads how things are set up and never what they hold; `release` writes artifacts and can
# overwrite none; `deploy` changes one environment. Leaves out: who takes the role; the caller binds that.
# Called by: terraform/modules/github-trust and terraform/modules/pipeline.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  policies = {
    plan    = merge(local.reads, { state = local.state_reads })
    release = { artifacts = local.release }
    deploy  = merge(local.reads, local.writes, { state = concat(local.state_reads, local.state_writes), delivery = local.delivery })
  }[var.kind]
}

resource "aws_iam_role" "this" {
  name                 = "gridbid-delivery-${var.name}"
  description          = var.description
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = var.trust.action
      Principal = var.trust.principal
      Condition = var.trust.condition
    }]
  })
}

resource "aws_iam_policy" "this" {
  for_each = local.policies

  name        = "${aws_iam_role.this.name}-${each.key}"
  description = "What ${aws_iam_role.this.name} may do: ${each.key}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in each.value : merge({
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    }, statement.condition == null ? {} : { Condition = statement.condition })]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = aws_iam_policy.this

  role       = aws_iam_role.this.name
  policy_arn = each.value.arn
}
