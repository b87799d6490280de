# Each environment and each kind of account as a whole: planned with every resource of every module, and what differs.
#
# The contract that holds for each resource wherever it is (no open policy, no log group without end, no queue without an
# alarm, …) is checked over these very plans by xtask (xtask/src/checks/environments.rs), because an assertion here sees only
# the root. The laptop's run is called local; what it lacks is not asked of it.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  functions_manifest       = "functions.json"
  artifacts_bucket         = "gridbid-artifacts-123456789012"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
  slack_webhook_url        = "http://127.0.0.1:1/slack"
  repository               = "example/gridbid"
}

run "dev" {
  command = plan

  module {
    source = "../envs/dev"
  }

  assert {
    condition     = { for name, function in output.functions : name => function.deployment != null } == { orders-api = true, preview-orders = true, report-results = true, collect-results = false, store-result = false, close-run = false, notify-slack = false }
    error_message = "The three functions that answer HTTP get a canary, the others are shifted at once."
  }
}

run "prod" {
  command = plan

  module {
    source = "../envs/prod"
  }

  assert {
    condition     = { for name, function in output.functions : name => function.deployment != null } == { orders-api = true, preview-orders = true, report-results = true, collect-results = false, store-result = false, close-run = false, notify-slack = false }
    error_message = "The three functions that answer HTTP get a canary, the others are shifted at once."
  }
}

run "local" {
  command = plan

  module {
    source = "../envs/local"
  }

  assert {
    condition     = alltrue([for function in output.functions : function.deployment == null])
    error_message = "The local cloud has no CodeDeploy."
  }
}

run "account_delivered_to_by_github" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    artifacts_bucket = null
  }

  assert {
    condition     = keys(output.role_arns) == ["dev", "plan", "prod", "release"] && length(module.pipeline) == 0 && output.pipeline == null
    error_message = "GitHub deploys, and no pipeline does."
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
    condition     = keys(output.role_arns) == ["plan"] && length(module.pipeline) == 1
    error_message = "The pipeline deploys, and GitHub only plans."
  }
}

run "account_without_artifacts" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    environments     = ["prod"]
    artifacts_bucket = "gridbid-artifacts-999999999999"
  }

  assert {
    condition     = keys(output.role_arns) == ["plan", "prod"] && length(module.artifacts) == 0 && output.cache == null && output.artifacts_bucket == "gridbid-artifacts-999999999999"
    error_message = "Where another account holds the artifacts, this one only plans and deploys."
  }
}
