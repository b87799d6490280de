# An account's own root: exactly one deployer, artifacts that are written once, a cache that only a release writes.
#
# What holds for each resource wherever it is, xtask checks over these plans too, as over those of the environments.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository = "example/gridbid"
}

run "github_delivers_unless_told_otherwise" {
  command = plan

  module {
    source = "../bootstrap"
  }

  assert {
    condition     = keys(output.role_arns) == ["dev", "plan", "prod", "release"] && length(module.pipeline) == 0 && output.pipeline == null
    error_message = "GitHub deploys, and no pipeline does."
  }
}

run "a_pipeline_delivers_alone" {
  command = plan

  module {
    source = "../bootstrap"
  }

  variables {
    delivery         = "codepipeline"
    build_image      = "example/nix@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    cache_public_key = "gridbid-1:AAAA"
  }

  assert {
    condition     = keys(output.role_arns) == ["plan"] && length(module.pipeline) == 1
    error_message = "The pipeline deploys, and GitHub only plans."
  }
}

run "an_account_without_artifacts_names_them" {
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
