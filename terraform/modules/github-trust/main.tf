# Roles for GitHub's workflows, assumed with OIDC tokens instead of long-lived keys.
#
# The token's `sub` selects the role: pull requests plan an environment, the release branch releases, and jobs of the environment NAME,
# which can require an approval, deploy NAME. A `sub` of an environment names no branch, so the token's `ref` must be the release branch,
# too. A fork's pull request gets no token. If CodePipeline delivers, GitHub only plans. The permissions are in modules/delivery-role.

locals {
  issuer = "token.actions.githubusercontent.com"

  names = split("/", var.repository)

  # Repositories created or renamed since 15 July 2026 have IDs in their subject: repo:OWNER@ID/NAME@ID.
  subjects = concat(
    ["repo:${var.repository}"],
    [for ids in var.repository_ids[*] : "repo:${local.names[0]}@${ids.owner}/${local.names[1]}@${ids.repository}"],
  )

  release_ref = "refs/heads/${var.release_branch}"

  # Roles by the suffix of their names.
  roles = merge(
    { for environment in keys(var.environments) : "plan-${environment}" => {
      kind        = "plan"
      context     = "pull_request"
      ref         = null
      description = "Pull requests of ${var.repository} plan ${environment}"
      environment = environment
    } },
    var.delivers && var.releases ? { release = {
      kind        = "release"
      context     = "environment:release"
      ref         = local.release_ref
      description = "The branch ${var.release_branch} of ${var.repository} releases"
      environment = null
    } } : {},
    { for environment in keys(var.environments) : environment => {
      kind        = "deploy"
      context     = "environment:${environment}"
      ref         = local.release_ref
      description = "Jobs of the environment ${environment} of ${var.repository} deploy it"
      environment = environment
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

  kind        = each.value.kind
  name        = each.key
  description = each.value.description
  environment = each.value.environment

  trust = {
    principal = { Federated = aws_iam_openid_connect_provider.github.arn }
    action    = "sts:AssumeRoleWithWebIdentity"
    condition = { StringEquals = merge(
      {
        "${local.issuer}:aud" = ["sts.amazonaws.com"]
        "${local.issuer}:sub" = [for subject in local.subjects : "${subject}:${each.value.context}"]
      },
      # A name can be claimed by somebody else after a rename; an ID cannot.
      var.repository_ids == null ? {} : { "${local.issuer}:repository_id" = [tostring(var.repository_ids.repository)] },
      each.value.ref == null ? {} : { "${local.issuer}:ref" = [each.value.ref] },
    ) }
  }

  permissions_boundary_arn = try(var.environments[each.value.environment].boundary_arn, null)
  key_arn                  = try(var.environments[each.value.environment].key_arn, null)
  api_id                   = try(var.environments[each.value.environment].api_id, null)
  domain                   = try(var.environments[each.value.environment].domain, null)
  destroyable              = try(var.environments[each.value.environment].destroyable, false)
  state_bucket_arn         = var.state_bucket_arn
  artifacts_bucket_arn     = var.artifacts_bucket_arn
  cache_bucket_arn         = var.cache_bucket_arn
}
