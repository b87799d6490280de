# The console: a private bucket that only CloudFront reads, and the API under /api on the same origin.
#
# `gridbid` writes the files of a release into the bucket: assets under immutable names, then index.html, which selects them.
# config.json depends on the environment and is written here. The domain's DNS record is not managed.

data "aws_caller_identity" "current" {}

locals {
  name = "gridbid-${var.environment}-console"

  # AWS's managed policies, whose IDs are the same in every account.
  caching_optimized              = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled               = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_viewer_except_host_headers = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

  # The page calls its own origin and the issuer, and nothing else. console/scripts/headers.mjs has the same policy.
  issuer_origins = distinct(concat([regex("^https://[^/]+", var.issuer)], var.issuer_origins))
  content_security_policy = join("; ", [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "connect-src 'self' ${join(" ", local.issuer_origins)}",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ])
}

# The files can be uploaded again from the release: no versions, and no key of the environment, which CloudFront could not use.
module "bucket" {
  source = "../private-bucket"

  name          = "${local.name}-${data.aws_caller_identity.current.account_id}"
  versioned     = false
  force_destroy = true

  policy_statements = [{
    sid       = "CloudFrontReads"
    effect    = "Allow"
    principal = { Service = ["cloudfront.amazonaws.com"] }
    actions   = ["s3:GetObject"]
    prefixes  = ["/*"]
    condition = { StringEquals = { "aws:SourceArn" = [aws_cloudfront_distribution.this.arn] } }
  }]
}

resource "aws_s3_object" "config" {
  # checkov:skip=CKV_AWS_186: Public configuration, encrypted with S3's key like the other files

  bucket        = module.bucket.name
  key           = "config.json"
  content_type  = "application/json"
  cache_control = "no-cache"

  content = jsonencode({
    api         = "/api"
    issuer      = var.issuer
    client_id   = var.client_id
    scope       = var.scope
    audience    = var.audience
    environment = var.environment
  })
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = local.name
  description                       = "Only this distribution reads the console's bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_function" "strip_prefix" {
  name    = "${local.name}-strip-prefix"
  comment = "Removes the prefix /api"
  runtime = "cloudfront-js-2.0"
  code    = file("${path.module}/strip-prefix.js")
  publish = true
}

resource "aws_cloudfront_response_headers_policy" "this" {
  # checkov:skip=CKV_AWS_259: Sent for two years with subdomains; preloading is a decision about the company's whole domain

  name    = local.name
  comment = "Security headers of the console"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "cross-origin-opener-policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "permissions-policy"
      value    = "camera=(), geolocation=(), microphone=()"
      override = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  # checkov:skip=CKV_AWS_68: The files are public, and the API authorizes and throttles every request itself
  # checkov:skip=CKV2_AWS_47: As above; behind it is no Java
  # checkov:skip=CKV_AWS_86: The API logs every call with its subject; requests for public files are not worth a log
  # checkov:skip=CKV_AWS_310: One region by design, so there is no second origin
  # checkov:skip=CKV_AWS_374: Traders travel; the API authorizes them

  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  comment             = "Console of Gridbid ${var.environment}"
  aliases             = [var.domain.name]
  default_root_object = "index.html"
  price_class         = "PriceClass_100"

  origin {
    origin_id                = "page"
    domain_name              = module.bucket.domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  origin {
    origin_id   = "api"
    domain_name = regex("^https://([^/]+)", var.api_endpoint)[0]

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  # index.html and config.json change under the same name.
  default_cache_behavior {
    target_origin_id           = "page"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_disabled
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  # The name of an asset contains the hash of its content.
  ordered_cache_behavior {
    path_pattern               = "/assets/*"
    target_origin_id           = "page"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  # All headers but Host reach the API, so Authorization does, too.
  ordered_cache_behavior {
    path_pattern               = "/api/*"
    target_origin_id           = "api"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_disabled
    origin_request_policy_id   = local.all_viewer_except_host_headers
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.strip_prefix.arn
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.domain.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
