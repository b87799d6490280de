# ARNs of the resources of environments, by the names that terraform/stack uses.
#
# What an environment's delivery roles may manage, and what its boundary allows. KMS and API Gateway generate their IDs: the key is
# created in terraform/bootstrap and named by its ARN, and the API is named by its ID once that is known (modules/permission-boundary).

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  here    = "${data.aws_region.current.name}:${local.account}"

  patterns = {
    alarms            = ["arn:aws:cloudwatch:${local.here}:alarm:gridbid-%s-*"]
    budgets           = ["arn:aws:budgets::${local.account}:budget/gridbid-%s-*"]
    buckets           = ["arn:aws:s3:::gridbid-%s-*"]
    console_buckets   = ["arn:aws:s3:::gridbid-%s-console-*"]
    console_functions = ["arn:aws:cloudfront::${local.account}:function/gridbid-%s-console-*"]
    dashboards        = ["arn:aws:cloudwatch::${local.account}:dashboard/gridbid-%s"]
    deployments       = ["arn:aws:codedeploy:${local.here}:application:gridbid-%s-*", "arn:aws:codedeploy:${local.here}:deploymentgroup:gridbid-%s-*/*"]
    executions        = ["arn:aws:states:${local.here}:execution:gridbid-%s-*"]
    functions         = ["arn:aws:lambda:${local.here}:function:gridbid-%s-*"]
    log_groups = [for group in ["/aws/lambda/gridbid-%s-*", "/aws/apigateway/gridbid-%s-*", "/aws/vendedlogs/states/gridbid-%s-*"] :
      "arn:aws:logs:${local.here}:log-group:${group}"
    ]
    pipes          = ["arn:aws:pipes:${local.here}:pipe/gridbid-%s-*"]
    queues         = ["arn:aws:sqs:${local.here}:gridbid-%s-*"]
    roles          = ["arn:aws:iam::${local.account}:role/gridbid-%s-*"]
    rules          = ["arn:aws:events:${local.here}:rule/gridbid-%s-*"]
    schedules      = ["arn:aws:scheduler:${local.here}:schedule/gridbid-%s-*/*", "arn:aws:scheduler:${local.here}:schedule-group/gridbid-%s-*"]
    secrets        = ["arn:aws:secretsmanager:${local.here}:secret:gridbid/%s/*"]
    state_machines = ["arn:aws:states:${local.here}:stateMachine:gridbid-%s-*"]
    tables         = ["arn:aws:dynamodb:${local.here}:table/gridbid-%s-*"]
    topics         = ["arn:aws:sns:${local.here}:gridbid-%s-*"]
  }

  # API Gateway generates IDs at the first deployment. Only a V1 API's tags count for its routes and stages, so a tag cannot replace the ID.
  api_paths = flatten([
    "apis", "tags/*",
    var.api_id == null ? ["apis/*"] : ["apis/${var.api_id}", "apis/${var.api_id}/*"],
    [for domain in var.domain[*] : ["domainnames", "domainnames/${domain}", "domainnames/${domain}/*"]],
  ])
}
