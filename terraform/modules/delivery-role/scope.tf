# The resources of the role's environment.

module "scope" {
  source = "../environment-scope"

  environments = local.environments
}

locals {
  environments = var.environment[*]
  account      = module.scope.account
  region       = module.scope.region
  here         = "${local.region}:${local.account}"
  own          = module.scope.arns

  # API Gateway generates IDs at the first deployment. Only a V1 API's tags count for its routes and stages, so a tag cannot replace the ID.
  apis = [for path in flatten([
    "apis", "tags/*",
    var.api_id == null ? ["apis/*"] : ["apis/${var.api_id}", "apis/${var.api_id}/*"],
    [for domain in var.domain[*] : ["domainnames", "domainnames/${domain}", "domainnames/${domain}/*"]],
  ]) : "arn:aws:apigateway:${local.region}::/${path}"]

  # An event source mapping is restricted by its function.
  mappings                 = ["arn:aws:lambda:${local.here}:event-source-mapping:*"]
  functions_of_environment = { ArnLike = { "lambda:FunctionArn" = local.own.functions } }

  keys = var.key_arn[*]
}
