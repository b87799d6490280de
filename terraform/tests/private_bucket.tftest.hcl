# A private bucket: no public access, TLS only, encrypted, versioned, statements with principal and condition.

mock_provider "aws" {
  override_during = plan

  mock_resource "aws_s3_bucket" {
    defaults = {
      id  = "bucket"
      arn = "arn:aws:s3:::bucket"
    }
  }
}

variables {
  name = "bucket"
}

run "bucket_is_private_encrypted_and_versioned" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "All four kinds of public access must be blocked."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this[0].versioning_configuration[0].status == "Enabled"
    error_message = "Overwritten objects must be kept."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "The policy must deny access without TLS, and allow nothing."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Without a key, S3 must encrypt with its default key."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0 && length(aws_s3_bucket_logging.this) == 0
    error_message = "By default nothing may expire and nothing is logged."
  }
}

run "key_encrypts_the_objects" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/k" }
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.key.arn && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "The key must encrypt the objects, through a bucket key."
  }
}

run "only_old_versions_expire_by_default" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    noncurrent_version_days = 30
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 30 && length(aws_s3_bucket_lifecycle_configuration.this[0].rule[0].expiration) == 0
    error_message = "Only overwritten versions may expire, after the given days."
  }
}

run "access_log_goes_to_the_given_bucket" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    access_log = { bucket = "log", prefix = "bucket/" }
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == "log" && aws_s3_bucket_logging.this[0].target_prefix == "bucket/"
    error_message = "Accesses must be logged to the given bucket and prefix."
  }
}

run "policy_statements_are_passed_unchanged" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    policy_statements = [{
      sid       = "S3WritesTheLog"
      effect    = "Allow"
      principal = { Service = ["logging.s3.amazonaws.com"] }
      actions   = ["s3:PutObject"]
      prefixes  = ["/results/*"]
      condition = { StringEquals = { "aws:SourceAccount" = ["123456789012"] } }
    }]
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement[1] == {
      Sid       = "S3WritesTheLog"
      Effect    = "Allow"
      Principal = { Service = ["logging.s3.amazonaws.com"] }
      Action    = ["s3:PutObject"]
      Resource  = ["arn:aws:s3:::bucket/results/*"]
      Condition = { StringEquals = { "aws:SourceAccount" = ["123456789012"] } }
    }
    error_message = "A given statement must be in the policy unchanged, for this bucket."
  }
}

run "statement_that_allows_everyone_is_refused" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    policy_statements = [{ sid = "Open", effect = "Allow", actions = ["s3:GetObject"], prefixes = ["/*"], condition = { Bool = { "aws:SecureTransport" = ["true"] } } }]
  }

  expect_failures = [var.policy_statements]
}

run "statement_without_a_condition_is_refused" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    policy_statements = [{ sid = "Wide", effect = "Allow", principal = { Service = ["logging.s3.amazonaws.com"] }, actions = ["s3:PutObject"], prefixes = ["/*"], condition = {} }]
  }

  expect_failures = [var.policy_statements]
}

run "version_expiry_of_zero_days_is_refused" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    noncurrent_version_days = 0
    expiration_days         = 0
  }

  expect_failures = [var.noncurrent_version_days, var.expiration_days]
}

run "object_lock_has_no_default_retention" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    name        = "bucket"
    object_lock = true
  }

  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled && aws_s3_bucket_versioning.this[0].versioning_configuration[0].status == "Enabled"
    error_message = "Objects must be able to have a retention, which needs versions."
  }
}

run "destroyable_bucket_with_object_lock_is_refused" {
  command = plan

  module {
    source = "../modules/private-bucket"
  }

  variables {
    name          = "bucket"
    object_lock   = true
    force_destroy = true
  }

  expect_failures = [var.object_lock]
}
