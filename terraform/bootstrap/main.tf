# Resources of an account that exist before any environment: Terraform's states, artifacts, the binary cache, and of each environment
# its key, its permissions boundary and its delivery roles.
#
# There is exactly one deployer (`delivery`). Artifacts cannot be overwritten. The cache is publicly readable and written only by a
# release. One account holds artifacts and cache; accounts that only run an environment refer to them. An administrator applies this
# root once per account, again after the first deployment of an environment (`api_ids`), and when an environment is added.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id

  # This account holds the artifacts unless artifacts_bucket names a bucket of another account.
  holds_artifacts  = var.artifacts_bucket == null
  artifacts_bucket = local.holds_artifacts ? module.artifacts[0].name : var.artifacts_bucket
  artifacts_arn    = local.holds_artifacts ? module.artifacts[0].arn : "arn:aws:s3:::${var.artifacts_bucket}"
  cache_arn        = one(module.cache[*].arn)
}

# A key is created here and not by a deployment: authorization by a fresh key's tags may take minutes, and an environment's roles name
# their key by its ARN.
module "key" {
  source   = "../modules/key"
  for_each = toset(var.environments)

  environment = each.key
}

module "boundary" {
  source   = "../modules/permission-boundary"
  for_each = toset(var.environments)

  environment          = each.key
  key_arn              = module.key[each.key].arn
  state_bucket_arn     = module.state.arn
  artifacts_bucket_arn = local.artifacts_arn
  api_id               = lookup(var.api_ids, each.key, null)
  other_api_ids        = [for environment, id in var.api_ids : id if environment != each.key]
  domain               = lookup(var.domains, each.key, null)
  destroyable          = contains(var.destroyable_environments, each.key)

  # Outputs by name: a splat would depend on the whole pipeline, whose roles need the boundary.
  pipeline = var.delivery != "codepipeline" ? null : {
    log_group_arn_prefix = module.pipeline[0].log_group_arn_prefix
    sources_bucket_arn   = module.pipeline[0].sources_bucket_arn
    key_arn              = module.pipeline[0].key_arn
    connection_arn       = module.pipeline[0].connection_arn
  }
}

locals {
  environments = { for environment in var.environments : environment => {
    name         = environment
    boundary_arn = module.boundary[environment].arn
    key_arn      = module.key[environment].arn
    api_id       = lookup(var.api_ids, environment, null)
    domain       = lookup(var.domains, environment, null)
    destroyable  = contains(var.destroyable_environments, environment)
  } }
}

# Access logs of the buckets of this root.
module "access_log" {
  source = "../modules/private-bucket"

  name            = "gridbid-access-log-${local.account}"
  versioned       = false
  expiration_days = 90

  policy_statements = [{
    sid       = "S3WritesTheLog"
    effect    = "Allow"
    principal = { Service = ["logging.s3.amazonaws.com"] }
    actions   = ["s3:PutObject"]
    prefixes  = ["/*"]
    condition = {
      StringEquals = { "aws:SourceAccount" = [local.account] }
      ArnLike      = { "aws:SourceArn" = ["arn:aws:s3:::gridbid-*-${local.account}"] }
    }
  }]
}

# Terraform's states, one folder per environment. A lock is an object next to its state.
module "state" {
  source = "../modules/private-bucket"

  name                    = "gridbid-state-${local.account}"
  noncurrent_version_days = 90
  access_log              = { bucket = module.access_log.name, prefix = "state/" }
}

# console/<sha256>, functions/<name>/<sha256>.zip, releases/<git sha>.json, deployments/<environment>/<time>.json.
module "artifacts" {
  source = "../modules/private-bucket"
  count  = local.holds_artifacts ? 1 : 0

  name       = "gridbid-artifacts-${local.account}"
  access_log = { bucket = module.access_log.name, prefix = "artifacts/" }

  policy_statements = concat(
    [
      # Artifacts are immutable: a key is written once.
      {
        sid       = "WriteOnce"
        effect    = "Deny"
        actions   = ["s3:PutObject"]
        prefixes  = ["/console/*", "/functions/*", "/releases/*"]
        condition = { Null = { "s3:if-none-match" = ["true"] }, Bool = { "s3:ObjectCreationOperation" = ["true"] } }
      },
      {
        sid       = "DenyDeletion"
        effect    = "Deny"
        actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        prefixes  = ["/console/*", "/functions/*", "/releases/*"]
        condition = {}
      },
    ],
    length(var.reader_accounts) == 0 ? [] : [
      {
        sid       = "OtherAccountsRead"
        effect    = "Allow"
        principal = { AWS = [for account in var.reader_accounts : "arn:aws:iam::${account}:root"] }
        actions   = ["s3:GetObject", "s3:ListBucket"]
        prefixes  = ["", "/console/*", "/functions/*", "/releases/*", "/deployments/*"]
        condition = { ArnLike = { "aws:PrincipalArn" = [for account in var.reader_accounts : "arn:aws:iam::${account}:role/gridbid-delivery-*"] } }
      },
      {
        sid       = "OtherAccountsRecordDeployments"
        effect    = "Allow"
        principal = { AWS = [for account in var.reader_accounts : "arn:aws:iam::${account}:root"] }
        actions   = ["s3:PutObject"]
        prefixes  = ["/deployments/*"]
        condition = { ArnLike = { "aws:PrincipalArn" = [for account in var.reader_accounts : "arn:aws:iam::${account}:role/gridbid-delivery-*"] } }
      },
    ],
  )
}

module "github_trust" {
  source = "../modules/github-trust"

  repository           = var.repository
  repository_ids       = var.repository_ids
  release_branch       = var.release_branch
  environments         = local.environments
  delivers             = var.delivery == "github_actions"
  releases             = local.holds_artifacts
  state_bucket_arn     = module.state.arn
  artifacts_bucket_arn = local.artifacts_arn
  cache_bucket_arn     = local.cache_arn
}

module "pipeline" {
  source = "../modules/pipeline"
  count  = var.delivery == "codepipeline" ? 1 : 0

  repository     = var.repository
  release_branch = var.release_branch
  environments = [for environment in var.environments : merge(local.environments[environment], {
    terraform_variables = lookup(var.terraform_variables, environment, "")
    smoke_client        = lookup(var.smoke_clients, environment, null)
  })]
  build_image          = var.build_image
  state_bucket         = module.state.name
  state_bucket_arn     = module.state.arn
  artifacts_bucket     = local.artifacts_bucket
  artifacts_bucket_arn = local.artifacts_arn
  cache_bucket_arn     = local.cache_arn

  build_variables = var.cache_public_key == null ? {} : {
    NIX_CONFIG = join("\n", [
      "experimental-features = nix-command flakes",
      "extra-substituters = https://${one(aws_cloudfront_distribution.cache[*].domain_name)}",
      "extra-trusted-public-keys = ${var.cache_public_key}",
      "fallback = true",
      "connect-timeout = 5",
    ])
  }
}
