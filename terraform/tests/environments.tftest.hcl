# Plans of whole environments and accounts, with every resource of every module.
#
# xtask checks the contract for all resources (no open policy, no log group without retention, no queue without an alarm, …)
# over these plans (tools/infrastructure/src/environments.rs), because an assertion here sees only the root module. The run `local` is
# exempt from the rules on features that the local cloud lacks.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  functions_manifest   = "functions.json"
  artifacts_bucket     = "gridbid-artifacts-123456789012"
  slack_webhook_url    = "http://127.0.0.1:1/slack"
  auction_platform_url = "https://platform.example"
  repository           = "example/gridbid"
  repository_ids       = { owner = 123456, repository = 456789 }
  environments         = ["dev", "uat", "prod"]
  api_ids              = { dev = "dev0000001", prod = "prod000001" }
  domains              = { prod = "api.example.com" }
}

# Each environment has its own key and boundary.
override_resource {
  target          = module.key["dev"].aws_kms_key.this
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/0000000d-0000-0000-0000-000000000000" }
}

override_resource {
  target          = module.key["uat"].aws_kms_key.this
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/0000000a-0000-0000-0000-000000000000" }
}

override_resource {
  target          = module.key["prod"].aws_kms_key.this
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/0000000f-0000-0000-0000-000000000000" }
}

override_resource {
  target          = module.boundary["dev"].aws_iam_policy.boundary
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary" }
}

override_resource {
  target          = module.boundary["uat"].aws_iam_policy.boundary
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:policy/gridbid-uat-boundary" }
}

override_resource {
  target          = module.boundary["prod"].aws_iam_policy.boundary
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:policy/gridbid-prod-boundary" }
}

override_resource {
  target          = module.pipeline[0].aws_cloudwatch_log_group.project
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/codebuild/gridbid-delivery-step" }
}

override_resource {
  target          = module.state.aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::gridbid-state-123456789012" }
}

override_resource {
  target          = module.artifacts[0].aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::gridbid-artifacts-123456789012" }
}

run "dev" {
  command = plan

  module {
    source = "../envs/dev"
  }

  assert {
    condition     = { for name, function in output.functions : name => function.deployment != null } == { orders-api = true, preview-orders = true, report-results = true, collect-results = false, store-result = false, close-run = false, notify-slack = false, submit-orders = false }
    error_message = "The three functions behind HTTP must have a canary, and no other function."
  }
}

run "prod" {
  command = plan

  module {
    source = "../envs/prod"
  }

  variables {
    auction_platform_url = "https://platform.example"
    authorization        = "JWT"
    domain               = { name = "api.example.com", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/a" }
    jwt                  = { issuer = "https://issuer.example.com", audience = ["gridbid"] }
    console              = { client_id = "console", domain = { name = "desk.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c" } }
  }

  assert {
    condition     = { for name, function in output.functions : name => function.deployment != null } == { orders-api = true, preview-orders = true, report-results = true, collect-results = false, store-result = false, close-run = false, notify-slack = false, submit-orders = false }
    error_message = "The three functions behind HTTP must have a canary, and no other function."
  }
}

# Any other environment is made of the same stack.
run "uat" {
  command = plan

  module {
    source = "../stack"
  }

  variables {
    environment = "uat"
  }

  assert {
    condition     = length(output.functions) == 8
    error_message = "The stack must plan under another name."
  }
}

run "local" {
  command = plan

  module {
    source = "../envs/local"
  }

  assert {
    condition     = alltrue([for function in output.functions : function.deployment == null])
    error_message = "Locally there must be no CodeDeploy."
  }
}

run "account_delivered_to_by_github" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    artifacts_bucket = null
    data_events_days = 365
  }

  assert {
    condition     = keys(output.role_arns) == ["dev", "plan-dev", "plan-prod", "plan-uat", "prod", "release", "uat"] && length(module.pipeline) == 0 && output.pipeline == null
    error_message = "GitHub must deploy, and there must be no pipeline."
  }
}

run "account_delivered_to_by_a_pipeline" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    artifacts_bucket = null
    delivery         = "codepipeline"
    build_image      = "example/nix@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    cache_public_key = "gridbid-1:AAAA"
  }

  assert {
    condition     = keys(output.role_arns) == ["plan-dev", "plan-prod", "plan-uat"] && length(module.pipeline) == 1
    error_message = "The pipeline must deploy, and GitHub must only plan."
  }
}

run "account_without_artifacts" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    environments     = ["prod"]
    api_ids          = {}
    artifacts_bucket = "gridbid-artifacts-999999999999"
  }

  assert {
    condition     = keys(output.role_arns) == ["plan-prod", "prod"] && length(module.artifacts) == 0 && output.cache == null && output.artifacts_bucket == "gridbid-artifacts-999999999999"
    error_message = "If another account holds the artifacts, this one must only plan and deploy."
  }
}
