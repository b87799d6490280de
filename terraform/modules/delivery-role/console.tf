# Permissions on the console: CloudFront, and the public files in the console's bucket.
#
# CloudFront generates the IDs of distributions, origin access controls and headers policies. A distribution is restricted by its
# environment's tag; the others cannot be tagged, so they are restricted to the account.

locals {
  console_objects  = [for arn in local.own.console_buckets : "${arn}/*"]
  distributions    = module.scope.distributions
  console_policies = module.scope.console_policies

  console_of_environment   = { StringEquals = { "aws:ResourceTag/Environment" = coalesce(var.environment, "none") } }
  tagged_with_environment  = { "aws:RequestTag/Environment" = coalesce(var.environment, "none") }
  untagged_for_environment = { StringEquals = local.tagged_with_environment, Null = { "aws:ResourceTag/Environment" = "true" } }

  console_reads = [for statement in [
    { resources = local.distributions, actions = ["cloudfront:GetDistribution", "cloudfront:ListTagsForResource"], condition = local.console_of_environment },
    { resources = local.console_policies, actions = ["cloudfront:GetOriginAccessControl", "cloudfront:GetResponseHeadersPolicy"] },
    { resources = local.own.console_functions, actions = ["cloudfront:DescribeFunction", "cloudfront:GetFunction"] },
    { resources = local.console_objects, actions = ["s3:GetObject", "s3:GetObjectTagging"] },
  ] : merge({ condition = null }, statement)]

  console_writes = [for statement in [
    { resources = ["*"], actions = ["cloudfront:CreateDistribution"], condition = { StringEquals = local.tagged_with_environment } },
    # A new distribution has no tag yet, and one of another environment must not get this environment's.
    { resources = local.distributions, actions = ["cloudfront:TagResource"], condition = local.untagged_for_environment },
    { resources = local.distributions, condition = local.console_of_environment, actions = [
      "cloudfront:DeleteDistribution", "cloudfront:TagResource", "cloudfront:UntagResource", "cloudfront:UpdateDistribution",
    ] },
    # These actions do not support resource-level permissions.
    { resources = ["*"], actions = ["cloudfront:CreateFunction", "cloudfront:CreateOriginAccessControl", "cloudfront:CreateResponseHeadersPolicy"] },
    { resources = local.own.console_functions, actions = ["cloudfront:DeleteFunction", "cloudfront:PublishFunction", "cloudfront:UpdateFunction"] },
    { resources = local.console_policies, actions = [
      "cloudfront:DeleteOriginAccessControl", "cloudfront:DeleteResponseHeadersPolicy", "cloudfront:UpdateOriginAccessControl",
      "cloudfront:UpdateResponseHeadersPolicy",
    ] },
    { resources = local.console_objects, actions = ["s3:PutObject", "s3:PutObjectTagging"] },
  ] : merge({ condition = null }, statement)]
}
