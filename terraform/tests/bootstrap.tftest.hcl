# An account's own root: what it refuses. What it makes is planned in environments.tftest.hcl.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository = "example/gridbid"
}

run "two_deployers_are_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    delivery = "both"
  }

  expect_failures = [var.delivery]
}

run "a_pipeline_without_an_image_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    delivery = "codepipeline"
  }

  expect_failures = [var.build_image]
}

run "a_pipeline_far_from_its_artifacts_is_refused" {
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

run "an_account_that_is_none_is_refused" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    reader_accounts = ["12345"]
  }

  expect_failures = [var.reader_accounts]
}
