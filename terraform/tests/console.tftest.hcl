# The console: a private bucket behind CloudFront, security headers, TLS, the API on the same origin, and only with JWT.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"

  mock_resource "aws_cloudfront_origin_access_control" {
    defaults = { id = "EOAC" }
  }
  mock_resource "aws_cloudfront_response_headers_policy" {
    defaults = { id = "headers" }
  }
  mock_resource "aws_cloudfront_function" {
    defaults = { arn = "arn:aws:cloudfront::123456789012:function/gridbid-dev-console-strip-prefix" }
  }
}

variables {
  # The module.
  environment  = "dev"
  api_endpoint = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"
  issuer       = "https://issuer.example.com/tenant"
  client_id    = "console"
  audience     = "gridbid"
  scope        = "openid email"
  domain       = { name = "desk.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c" }

  # The stack.
  functions_manifest = "functions.json"
  artifacts_bucket   = "artifacts"
  jwt                = { issuer = "https://issuer.example.com/tenant", audience = ["gridbid"] }
}

run "only_the_distribution_reads_the_private_bucket" {
  command = plan

  module {
    source = "../modules/console"
  }

  # private_bucket.tftest.hcl and the checks of whole environments cover the bucket's policy and its blocked public access.
  assert {
    condition     = module.bucket.name == "gridbid-mock-b" && [for origin in aws_cloudfront_distribution.this.origin : [origin.domain_name, origin.origin_access_control_id] if origin.origin_id == "page"] == [["gridbid-mock-b.s3.eu-west-1.amazonaws.com", "EOAC"]]
    error_message = "The files must come from the bucket through the origin access control."
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.this.signing_behavior == "always" && aws_cloudfront_origin_access_control.this.signing_protocol == "sigv4" && aws_cloudfront_origin_access_control.this.origin_access_control_origin_type == "s3"
    error_message = "CloudFront must sign every request to the bucket."
  }

  assert {
    condition     = alltrue([for origin in aws_cloudfront_distribution.this.origin : length(origin.s3_origin_config) == 0])
    error_message = "There must be no origin access identity, and no bucket that is read without a signature."
  }
}

run "browsers_get_the_security_headers_with_every_response" {
  command = plan

  module {
    source = "../modules/console"
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy == "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self' https://issuer.example.com; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    error_message = "The page may load from its own origin only, call that and the issuer, and not be framed."
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.this.security_headers_config[0].strict_transport_security[0].access_control_max_age_sec >= 31536000 && aws_cloudfront_response_headers_policy.this.security_headers_config[0].frame_options[0].frame_option == "DENY" && aws_cloudfront_response_headers_policy.this.security_headers_config[0].referrer_policy[0].referrer_policy == "no-referrer" && aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_type_options[0].override
    error_message = "HSTS, frame options, referrer policy and nosniff must be sent."
  }

  assert {
    condition     = toset([for behavior in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) : behavior.response_headers_policy_id]) == toset(["headers"])
    error_message = "Every path must have the headers: a worker's policy comes from the worker's file."
  }
}

run "more_origins_of_the_issuer_are_allowed_by_name" {
  command = plan

  module {
    source = "../modules/console"
  }

  variables {
    issuer         = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    issuer_origins = ["https://gridbid.auth.eu-west-1.amazoncognito.com"]
  }

  assert {
    condition     = strcontains(aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy, "connect-src 'self' https://cognito-idp.eu-west-1.amazonaws.com https://gridbid.auth.eu-west-1.amazoncognito.com;")
    error_message = "The page must be allowed to call Cognito's token endpoint."
  }
}

run "tls_is_recent" {
  command = plan

  module {
    source = "../modules/console"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" && aws_cloudfront_distribution.this.viewer_certificate[0].ssl_support_method == "sni-only"
    error_message = "Browsers must use TLS 1.2 or later."
  }

  assert {
    condition     = alltrue([for behavior in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) : contains(["https-only", "redirect-to-https"], behavior.viewer_protocol_policy)])
    error_message = "Nothing may be served without TLS."
  }
}

run "api_is_on_the_same_origin_and_not_cached" {
  command = plan

  module {
    source = "../modules/console"
  }

  assert {
    condition     = [for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior : [behavior.target_origin_id, behavior.cache_policy_id, behavior.origin_request_policy_id] if behavior.path_pattern == "/api/*"] == [["api", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b689b0a8-53d0-40ab-baf2-68738e2966ac"]]
    error_message = "/api must reach the API with every header but Host (so with Authorization), and never a cache."
  }

  assert {
    condition     = [for origin in aws_cloudfront_distribution.this.origin : [origin.domain_name, origin.custom_origin_config[0].origin_protocol_policy, tolist(origin.custom_origin_config[0].origin_ssl_protocols)[0]] if origin.origin_id == "api"] == [["a1b2c3.execute-api.eu-west-1.amazonaws.com", "https-only", "TLSv1.2"]]
    error_message = "The API must be called by its host name, over TLS."
  }

  assert {
    condition     = one([for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior : one(behavior.function_association[*].function_arn) if behavior.path_pattern == "/api/*"]) == "arn:aws:cloudfront::123456789012:function/gridbid-dev-console-strip-prefix"
    error_message = "The prefix /api must be removed."
  }
}

run "the_page_is_not_cached_and_its_assets_are" {
  command = plan

  module {
    source = "../modules/console"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" && aws_cloudfront_distribution.this.default_root_object == "index.html"
    error_message = "A new index.html must be seen at once."
  }

  assert {
    condition     = [for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior : behavior.cache_policy_id if behavior.path_pattern == "/assets/*"] == ["658327ea-f89d-4fab-a63d-7e88639e58f6"]
    error_message = "Assets never change under their name and must be cached."
  }

  assert {
    condition     = jsondecode(aws_s3_object.config.content) == { api = "/api", issuer = "https://issuer.example.com/tenant", client_id = "console", scope = "openid email", audience = "gridbid", environment = "dev" } && aws_s3_object.config.cache_control == "no-cache"
    error_message = "The page must learn the API's path, the issuer and its client ID."
  }
}

run "certificate_of_another_region_is_refused" {
  command = plan

  module {
    source = "../modules/console"
  }

  variables {
    domain = { name = "desk.example.com", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/c" }
  }

  expect_failures = [var.domain]
}

run "malformed_origins_and_an_empty_client_are_refused" {
  command = plan

  module {
    source = "../modules/console"
  }

  variables {
    client_id      = " "
    issuer_origins = ["https://*.example.com"]
  }

  expect_failures = [var.client_id, var.issuer_origins]
}

run "issuer_without_tls_is_refused" {
  command = plan

  module {
    source = "../modules/console"
  }

  variables {
    issuer = "http://issuer.example.com"
  }

  expect_failures = [var.issuer]
}

run "environment_with_signed_requests_has_no_console" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    jwt = null
  }

  assert {
    condition     = length(module.console) == 0 && output.console_url == null && output.console_bucket == null
    error_message = "Without a client ID there must be no console."
  }
}

run "console_without_jwt_is_refused" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    authorization = "AWS_IAM"
    jwt           = null
    console       = { client_id = "console", domain = { name = "desk.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c" } }
  }

  expect_failures = [var.console]
}

run "environment_with_jwt_and_a_client_has_the_console" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    authorization = "JWT"
    console       = { client_id = "console", domain = { name = "desk.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c" } }
  }

  assert {
    condition     = output.console_url == "https://desk.example.com/" && output.console_bucket == "gridbid-mock-b" && output.console_domain_target.name == "d1.cloudfront.net"
    error_message = "The console must have its URL, its bucket and the target of its DNS record."
  }
}
