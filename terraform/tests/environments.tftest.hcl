# Each environment as a whole: planned with every resource of every module, and what differs between them.
#
# The contract that holds for each resource wherever it is (no open policy, no log group without end, no queue without an
# alarm, …) is checked over these very plans by xtask (xtask/src/checks/contract.rs), because an assertion here sees only
# the root. Run names are the environments' names.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  functions_manifest       = "functions.json"
  artifacts_bucket         = "gridbid-artifacts-123456789012"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
  slack_webhook_url        = "http://127.0.0.1:1/slack"
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
