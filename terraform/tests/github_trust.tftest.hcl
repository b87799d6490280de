# What GitHub may do: each role for one kind of job, known by its `sub`, and only planning where something else delivers.

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

run "each_kind_of_job_has_its_role" {
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
    error_message = "Pull requests plan, the release branch releases, and each environment's jobs deploy it alone."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github.url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "Tokens come from GitHub and are meant for AWS."
  }
}

run "where_something_else_delivers_github_only_plans" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    delivers = false
  }

  assert {
    condition     = keys(local.roles) == ["plan"]
    error_message = "Two deployers race: GitHub must not deploy where something else does."
  }
}

run "where_the_artifacts_are_elsewhere_nothing_is_released" {
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
    error_message = "Releases are made in the account that holds the artifacts."
  }
}

run "a_repository_of_everybody_is_refused" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    repository = "example/*"
  }

  expect_failures = [var.repository]
}

run "every_branch_is_refused" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    release_branch = "*"
  }

  expect_failures = [var.release_branch]
}

run "an_environment_named_like_a_role_is_refused" {
  command = plan

  module {
    source = "../modules/github-trust"
  }

  variables {
    environments = ["plan"]
  }

  expect_failures = [var.environments]
}
