# Roles for GitHub: one per kind of job, selected by the token's `sub`; only planning if CodePipeline delivers.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository               = "example/gridbid"
  environments             = ["dev", "prod"]
  delivers                 = true
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
  state_bucket_arn         = "arn:aws:s3:::state"
  artifacts_bucket_arn     = "arn:aws:s3:::artifacts"
  cache_bucket_arn         = "arn:aws:s3:::cache"
}

run "jobs_have_separate_roles" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  assert {
    condition = { for name, role in local.roles : name => [role.kind, role.sub, role.environments] } == {
      plan    = ["plan", "repo:example/gridbid:pull_request", tolist(["dev", "prod"])]
      release = ["release", "repo:example/gridbid:ref:refs/heads/main", []]
      dev     = ["deploy", "repo:example/gridbid:environment:dev", ["dev"]]
      prod    = ["deploy", "repo:example/gridbid:environment:prod", ["prod"]]
    }
    error_message = "Pull requests must plan, the release branch release, and each environment's jobs deploy only that environment."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github.url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "Tokens must come from GitHub and be issued for AWS."
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
    condition     = keys(local.roles) == ["plan"]
    error_message = "GitHub must not deploy if something else does: two deployers would race."
  }
}

run "release_role_needs_the_artifacts_account" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    releases     = false
    environments = ["prod"]
  }

  assert {
    condition     = keys(local.roles) == ["plan", "prod"]
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

run "environment_named_like_a_role_is_refused" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    environments = ["plan"]
  }

  expect_failures = [var.environments]
}
