# The resources of the role's environment.

module "scope" {
  source = "../environment-scope"

  environments = local.environments
  api_id       = var.api_id
  domain       = var.domain
}

locals {
  environments = var.environment[*]
  account      = module.scope.account
  region       = module.scope.region
  here         = "${local.region}:${local.account}"
  own          = module.scope.arns

  apis     = module.scope.apis
  mappings = module.scope.mappings

  # An event source mapping is restricted by its function.
  functions_of_environment = { ArnLike = { "lambda:FunctionArn" = local.own.functions } }

  keys = var.key_arn[*]
}
