# The bucket of results: private, over TLS, versioned.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "order-results"
      arn = "arn:aws:s3:::order-results"
    }
  }
}

variables {
  bucket_name   = "order-results"
  force_destroy = false
}

run "the_bucket_is_private_and_versioned" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.results.block_public_acls && aws_s3_bucket_public_access_block.results.block_public_policy && aws_s3_bucket_public_access_block.results.ignore_public_acls && aws_s3_bucket_public_access_block.results.restrict_public_buckets
    error_message = "All four kinds of public access must be blocked."
  }

  assert {
    condition     = aws_s3_bucket_versioning.results.versioning_configuration[0].status == "Enabled"
    error_message = "An overwritten summary must be kept."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.results.policy).Statement == [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::order-results", "arn:aws:s3:::order-results/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "The policy must deny whatever comes without TLS, and allow nothing."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.results) == 0
    error_message = "Without a number of days nothing is deleted."
  }
}

run "overwritten_versions_expire_where_the_environment_says_so" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  variables {
    noncurrent_version_days = 30
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.results[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 30 && length(aws_s3_bucket_lifecycle_configuration.results[0].rule[0].expiration) == 0
    error_message = "Only overwritten versions expire, after the given days."
  }
}
