# The root of an account: refused settings. Its plans are in environments.tftest.hcl.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository = "example/gridbid"
}

run "unknown_deployer_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    delivery = "both"
  }

  expect_failures = [var.delivery]
}

run "pipeline_without_an_image_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    delivery = "codepipeline"
  }

  expect_failures = [var.build_image]
}

run "pipeline_without_its_artifacts_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    delivery         = "codepipeline"
    build_image      = "example/nix@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    artifacts_bucket = "gridbid-artifacts-999999999999"
  }

  expect_failures = [var.delivery]
}

run "malformed_account_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    reader_accounts = ["12345"]
  }

  expect_failures = [var.reader_accounts]
}

run "api_of_an_unknown_environment_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    api_ids = { uat = "a1b2c3d4e5" }
  }

  expect_failures = [var.api_ids]
}

run "domain_of_an_unknown_environment_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    domains = { uat = "api.example.com" }
  }

  expect_failures = [var.domains]
}

run "destroyable_production_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    destroyable_environments = ["prod"]
  }

  expect_failures = [var.destroyable_environments]
}

run "data_events_are_off_by_default" {
  command = plan

  module {
    source = "../bootstrap"
  }

  assert {
    condition     = length(aws_cloudtrail.data_events) == 0 && length(module.trail) == 0
    error_message = "Data events cost money for each request: they must be off by default."
  }
}

run "data_events_cover_objects_and_items" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    data_events_days = 365
  }

  assert {
    condition     = toset([for selector in aws_cloudtrail.data_events[0].advanced_event_selector : one([for field in selector.field_selector : one(field.equals) if field.field == "resources.type"])]) == toset(["AWS::S3::Object", "AWS::DynamoDB::Table"])
    error_message = "The trail must record requests for objects and for items."
  }

  assert {
    condition = toset(flatten([for selector in aws_cloudtrail.data_events[0].advanced_event_selector : [for field in selector.field_selector : field.starts_with if field.field == "resources.ARN"]])) == toset([
      "arn:aws:s3:::gridbid-dev-order-results-", "arn:aws:s3:::gridbid-prod-order-results-",
      "${module.state.arn}/", one(module.artifacts[*].arn),
      "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-dev-", "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-prod-",
    ])
    error_message = "The trail must cover the results, the states, the artifacts and the tables of every environment."
  }
}

run "data_events_of_zero_days_are_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    data_events_days = 0
  }

  expect_failures = [var.data_events_days]
}
