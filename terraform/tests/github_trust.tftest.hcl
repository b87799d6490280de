# Roles for GitHub: one per kind of job, selected by the token's `sub` and branch; only planning if CodePipeline delivers. That other
# repositories, branches and environments are refused is evaluated on the plans of accounts (tools/infrastructure/iam).

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository     = "example/gridbid"
  repository_ids = { owner = 123456, repository = 456789 }
  environments = {
    dev  = { boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/d", destroyable = true }
    prod = { boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-prod-boundary", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/p", destroyable = false }
  }
  delivers             = true
  state_bucket_arn     = "arn:aws:s3:::state"
  artifacts_bucket_arn = "arn:aws:s3:::artifacts"
  cache_bucket_arn     = "arn:aws:s3:::cache"
}

run "jobs_have_separate_roles" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  assert {
    condition = { for name, role in local.roles : name => [role.kind, role.context, role.ref, role.environment] } == {
      plan-dev  = ["plan", "pull_request", null, "dev"]
      plan-prod = ["plan", "pull_request", null, "prod"]
      release   = ["release", "environment:release", "refs/heads/main", null]
      dev       = ["deploy", "environment:dev", "refs/heads/main", "dev"]
      prod      = ["deploy", "environment:prod", "refs/heads/main", "prod"]
    }
    error_message = "Pull requests must plan, the release branch release, and each environment's jobs on that branch deploy only that environment."
  }

  assert {
    condition     = local.subjects == ["repo:example/gridbid", "repo:example@123456/gridbid@456789"]
    error_message = "Tokens with and without immutable IDs must be accepted, of this repository alone."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github.url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "Tokens must come from GitHub and be issued for AWS."
  }
}

run "without_ids_only_the_name_is_trusted" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    repository_ids = null
  }

  assert {
    condition     = local.subjects == ["repo:example/gridbid"]
    error_message = "Without IDs there must be no subject with a wildcard in their place."
  }
}

run "github_only_plans_if_codepipeline_delivers" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    delivers = false
  }

  assert {
    condition     = keys(local.roles) == ["plan-dev", "plan-prod"]
    error_message = "GitHub must not deploy if something else does: two deployers would race."
  }
}

run "release_role_needs_the_artifacts_account" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    releases = false
    environments = {
      prod = { boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-prod-boundary", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/p", destroyable = false }
    }
  }

  assert {
    condition     = keys(local.roles) == ["plan-prod", "prod"]
    error_message = "The release role must be in the account that holds the artifacts."
  }
}

run "wildcard_repository_is_refused" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    repository = "example/*"
  }

  expect_failures = [var.repository]
}

run "wildcard_branch_is_refused" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    release_branch = "*"
  }

  expect_failures = [var.release_branch]
}
