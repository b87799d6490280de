# The boundary of an environment: its size, the IDs it is bound to, and the names it may have. What it denies is evaluated on the plans
# of accounts (tools/infrastructure/iam).

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  environment          = "abcdefghijkl"
  key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  state_bucket_arn     = "arn:aws:s3:::gridbid-state-123456789012"
  artifacts_bucket_arn = "arn:aws:s3:::gridbid-artifacts-123456789012"
  destroyable          = false
}

run "boundary_of_the_longest_name_fits_the_quota" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  variables {
    api_id = "abcdefghij"
    domain = "a-rather-long-name-of-an-api.example.com"
    pipeline = {
      log_group_arn_prefix = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/codebuild/gridbid-delivery-"
      sources_bucket_arn   = "arn:aws:s3:::gridbid-pipeline-123456789012"
      key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555556"
      connection_arn       = "arn:aws:codeconnections:eu-west-1:123456789012:connection/11111111-2222-3333-4444-555555555555"
    }
  }

  assert {
    condition     = length(aws_iam_policy.boundary.policy) <= 6144
    error_message = "A policy has at most 6,144 characters (IAM quota)."
  }

  assert {
    condition     = aws_iam_policy.boundary.name == "gridbid-abcdefghijkl-boundary"
    error_message = "terraform/stack expects the boundary under this name."
  }
}

run "known_api_is_the_only_one" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  variables {
    api_id        = "abcdefghij"
    other_api_ids = ["klmnopqrst"]
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : statement.Resource if anytrue([for action in statement.Action : startswith(action, "apigateway:") || startswith(action, "execute-api:")])] == [
      ["arn:aws:apigateway:eu-west-1::/apis", "arn:aws:apigateway:eu-west-1::/tags/*", "arn:aws:apigateway:eu-west-1::/apis/abcdefghij", "arn:aws:apigateway:eu-west-1::/apis/abcdefghij/*"],
      ["arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/*"],
    ]
    error_message = "Once the ID of the API is known, no other API may be managed or called."
  }
}

run "before_the_first_deployment_known_apis_of_others_are_denied" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  variables {
    other_api_ids = ["klmnopqrst"]
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.boundary.policy).Statement : [statement.Effect, statement.Resource] if try(statement.Sid, "") == "ApisOfOthers"] == [["Deny", [
      "arn:aws:apigateway:eu-west-1::/apis/klmnopqrst", "arn:aws:apigateway:eu-west-1::/apis/klmnopqrst/*", "arn:aws:execute-api:eu-west-1:123456789012:klmnopqrst/*",
    ]]]
    error_message = "An environment without an API may not manage or call the API of another one."
  }
}

run "only_a_destroyable_environment_deletes_versions" {
  command = plan

  module {
    source = "../modules/permission-boundary"
  }

  variables {
    destroyable = true
  }

  assert {
    condition     = !strcontains(aws_iam_policy.boundary.policy, "s3:DeleteObjectVersion")
    error_message = "A destroyable environment must be able to delete versions."
  }
}

run "name_of_the_accounts_own_resources_is_refused" {
  command = plan

  module {
    source = "../modules/environment-scope"
  }

  variables {
    environments = ["state"]
  }

  expect_failures = [var.environments]
}
