# CloudTrail data events, optional: who read or wrote stored results, states, artifacts, and items of the tables.
#
# One trail for the account's buckets and tables of Gridbid. Its files go to a bucket of their own, which no delivery role can write.

locals {
  trail_name = "gridbid-data-events"
}

module "trail" {
  source = "../modules/private-bucket"
  count  = var.data_events_days == null ? 0 : 1

  name            = "gridbid-data-events-${local.account}"
  expiration_days = var.data_events_days
  access_log      = { bucket = module.access_log.name, prefix = "data-events/" }

  policy_statements = [
    {
      sid       = "CloudTrailLooks"
      effect    = "Allow"
      principal = { Service = ["cloudtrail.amazonaws.com"] }
      actions   = ["s3:GetBucketAcl"]
      prefixes  = [""]
      condition = { StringEquals = { "aws:SourceArn" = [local.trail_arn] } }
    },
    {
      sid       = "CloudTrailWrites"
      effect    = "Allow"
      principal = { Service = ["cloudtrail.amazonaws.com"] }
      actions   = ["s3:PutObject"]
      prefixes  = ["/AWSLogs/${local.account}/*"]
      condition = { StringEquals = { "aws:SourceArn" = [local.trail_arn], "s3:x-amz-acl" = ["bucket-owner-full-control"] } }
    },
  ]
}

data "aws_region" "current" {}

locals {
  trail_arn = "arn:aws:cloudtrail:${data.aws_region.current.name}:${local.account}:trail/${local.trail_name}"
}

resource "aws_cloudtrail" "data_events" {
  # checkov:skip=CKV_AWS_35: S3's default key: another key would have to admit CloudTrail and each reader of the log
  # checkov:skip=CKV_AWS_67: One region by design
  # checkov:skip=CKV_AWS_252: Read after an incident, not monitored
  # checkov:skip=CKV2_AWS_10: Read after an incident, not monitored

  count = var.data_events_days == null ? 0 : 1

  name                          = local.trail_name
  s3_bucket_name                = module.trail[0].name
  include_global_service_events = false
  enable_log_file_validation    = true

  # CreateTrail checks the bucket's policy.
  depends_on = [module.trail]

  advanced_event_selector {
    name = "Objects"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
    field_selector {
      field       = "resources.ARN"
      starts_with = concat([for environment in var.environments : "arn:aws:s3:::gridbid-${environment}-order-results-"], ["${module.state.arn}/"], module.artifacts[*].arn)
    }
  }

  advanced_event_selector {
    name = "Items"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::DynamoDB::Table"]
    }
    field_selector {
      field       = "resources.ARN"
      starts_with = [for environment in var.environments : "arn:aws:dynamodb:${data.aws_region.current.name}:${local.account}:table/gridbid-${environment}-"]
    }
  }
}
