# A private bucket: encrypted, TLS only, without public access, with optional versioning, expiry and access log.

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144: One region by design: data that cannot be recreated is versioned, orders live for a day
  # checkov:skip=CKV2_AWS_62: Nothing reacts to new objects
  # checkov:skip=CKV_AWS_145: The caller passes the key; without one (access logs, artifacts, local) S3 encrypts with its default key

  bucket        = var.name
  force_destroy = var.force_destroy

  # Without a default retention, which would hold every object: each put names its own.
  object_lock_enabled = var.object_lock ? true : null
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
    # A bucket key saves a call to KMS per object.
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

  # Both change the bucket's access settings, and S3 rejects concurrent changes.
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
