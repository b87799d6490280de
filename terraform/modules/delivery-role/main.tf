# A delivery role of one kind: plan, release, or deploy.
#
# Each kind has the actions it uses, by name, on its environment's resources, under its boundary. `plan` reads configuration and no data,
# `release` writes artifacts and cannot overwrite any, `deploy` changes one environment. The caller defines who can assume it.

locals {
  policies = {
    plan    = merge(local.reads, { state = local.state_reads, console = local.console_reads })
    release = { artifacts = local.release }
    deploy = merge(local.reads, local.writes, {
      state    = concat(local.state_reads, local.state_writes)
      console  = concat(local.console_reads, local.console_writes)
      delivery = local.delivery
    })
  }[var.kind]
}

resource "aws_iam_role" "this" {
  name                 = "gridbid-delivery-${var.name}"
  description          = var.description
  permissions_boundary = var.permissions_boundary_arn

  # Longer than Terraform, the 30 minutes that `gridbid` waits for canaries, and a revert.
  max_session_duration = 7200

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
  description = "Permissions of ${aws_iam_role.this.name}: ${each.key}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in each.value : merge({
      Effect   = "Allow"
      Action   = statement.actions
      Resource = statement.resources
    }, statement.condition == null ? {} : { Condition = statement.condition }) if length(statement.resources) > 0]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = aws_iam_policy.this

  role       = aws_iam_role.this.name
  policy_arn = each.value.arn
}
