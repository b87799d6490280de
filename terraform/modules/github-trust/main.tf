# Roles for GitHub's workflows, assumed with OIDC tokens instead of long-lived keys.
#
# The token's `sub` selects the role: pull requests plan, the release branch releases, and jobs of the environment NAME, which
# can require an approval, deploy NAME. A fork's pull request gets no token. If CodePipeline delivers, GitHub only plans. The
# permissions are in modules/delivery-role.

locals {
  issuer = "token.actions.githubusercontent.com"

  # Roles by the suffix of their names.
  roles = merge(
    { plan = {
      kind         = "plan"
      sub          = "repo:${var.repository}:pull_request"
      description  = "Pull requests of ${var.repository} plan"
      environments = var.environments
    } },
    var.delivers && var.releases ? { release = {
      kind         = "release"
      sub          = "repo:${var.repository}:ref:refs/heads/${var.release_branch}"
      description  = "The branch ${var.release_branch} of ${var.repository} releases"
      environments = []
    } } : {},
    { for environment in var.environments : environment => {
      kind         = "deploy"
      sub          = "repo:${var.repository}:environment:${environment}"
      description  = "Jobs of the environment ${environment} of ${var.repository} deploy it"
      environments = [environment]
    } if var.delivers },
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

module "role" {
  source   = "../delivery-role"
  for_each = local.roles

  kind         = each.value.kind
  name         = each.key
  description  = each.value.description
  environments = each.value.environments

  trust = {
    principal = { Federated = aws_iam_openid_connect_provider.github.arn }
    action    = "sts:AssumeRoleWithWebIdentity"
    condition = { StringEquals = {
      "${local.issuer}:aud" = "sts.amazonaws.com"
      "${local.issuer}:sub" = each.value.sub
    } }
  }

  permissions_boundary_arn = var.permissions_boundary_arn
  state_bucket_arn         = var.state_bucket_arn
  artifacts_bucket_arn     = var.artifacts_bucket_arn
  cache_bucket_arn         = var.cache_bucket_arn
}
