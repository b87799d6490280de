# A bucket that is nobody's business: private, encrypted, reached over TLS only.
#
# Promises: no public access of any kind, no access without TLS whatever other policies say, versions and expiry as told, and
# who asked for what in a log where one is named. Leaves out: what lies in it. Called by: terraform/modules/result-archive,
# terraform/modules/pipeline, terraform/bootstrap.

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144: One region on purpose: what cannot be made again is versioned, orders live for a day
  # checkov:skip=CKV2_AWS_62: Nothing waits for an object: the run that writes it goes on by itself
  # checkov:skip=CKV_AWS_145: The caller gives the environment's key; without one (access logs, artifacts, the laptop) S3 encrypts with its own

  bucket        = var.name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    # A key for the bucket spares a call to KMS for each object.
    bucket_key_enabled = var.key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.key == null ? "AES256" : "aws:kms"
      kms_master_key_id = one(var.key[*].arn)
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  count = var.versioned ? 1 : 0

  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for statement in var.policy_statements : {
        Sid       = statement.sid
        Effect    = statement.effect
        Principal = coalesce(statement.principal, { AWS = ["*"] })
        Action    = statement.actions
        Resource  = [for prefix in statement.prefixes : "${aws_s3_bucket.this.arn}${prefix}"]
        Condition = statement.condition
      }],
    )
  })

  # Both write the bucket's access settings, and S3 refuses two such writes at once.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.expiration_days == null && var.noncurrent_version_days == null ? 0 : 1

  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    dynamic "expiration" {
      for_each = var.expiration_days[*]

      content {
        days = expiration.value
      }
    }

    dynamic "noncurrent_version_expiration" {
      for_each = var.noncurrent_version_days[*]

      content {
        noncurrent_days = noncurrent_version_expiration.value
      }
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  count = var.access_log == null ? 0 : 1

  bucket        = aws_s3_bucket.this.id
  target_bucket = var.access_log.bucket
  target_prefix = var.access_log.prefix
}
