# The Nix binary cache: a bucket that only a release writes, publicly readable through CloudFront.
#
# Only this distribution can read the bucket. Its content is signed and as public as the sources. An unavailable cache slows a
# build but does not fail it.

module "cache" {
  source = "../modules/private-bucket"
  count  = local.holds_artifacts ? 1 : 0

  name       = "gridbid-nix-cache-${local.account}"
  versioned  = false
  access_log = { bucket = module.access_log.name, prefix = "nix-cache/" }

  # Missing paths are built again.
  expiration_days = 90

  policy_statements = [{
    sid       = "CloudFrontReads"
    effect    = "Allow"
    principal = { Service = ["cloudfront.amazonaws.com"] }
    actions   = ["s3:GetObject"]
    prefixes  = ["/*"]
    condition = { StringEquals = { "aws:SourceArn" = aws_cloudfront_distribution.cache[*].arn } }
  }]
}

resource "aws_cloudfront_origin_access_control" "cache" {
  count = local.holds_artifacts ? 1 : 0

  name                              = "gridbid-nix-cache"
  description                       = "Only this distribution reads the binary cache"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# AWS's managed policy CachingOptimized: long lifetimes, compression, cache key without headers or query.
data "aws_cloudfront_cache_policy" "optimized" {
  name = "Managed-CachingOptimized"
}

resource "aws_cloudfront_distribution" "cache" {
  # checkov:skip=CKV2_AWS_32: It serves signed archives to Nix, no pages to browsers that would heed such headers
  # checkov:skip=CKV2_AWS_42: Nix knows the cache by its key, not by its name: the name that CloudFront gives does
  # checkov:skip=CKV2_AWS_47: Nothing behind it runs code: it reads one bucket

  count = local.holds_artifacts ? 1 : 0

  enabled     = true
  comment     = "Gridbid's Nix binary cache"
  price_class = "PriceClass_100"

  origin {
    origin_id                = "bucket"
    domain_name              = module.cache[0].domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.cache[0].id
  }

  default_cache_behavior {
    target_origin_id       = "bucket"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = data.aws_cloudfront_cache_policy.optimized.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
