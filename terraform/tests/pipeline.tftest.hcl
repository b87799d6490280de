# CodePipeline: the order of steps, a role per step, an approval before every environment but the first.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository = "example/gridbid"
  environments = [
    { name = "dev", boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/d", destroyable = true },
    {
      name                = "prod"
      boundary_arn        = "arn:aws:iam::123456789012:policy/gridbid-prod-boundary"
      key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/p"
      destroyable         = false
      terraform_variables = "auction_platform_url = \"https://auction.example.com\""
      smoke_client = {
        token_url         = "https://issuer.example.com/token"
        client_id         = "smoke"
        client_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/prod/smoke-AbCdEf"
        audience          = "gridbid"
      }
    },
  ]
  build_image          = "example/nix@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  state_bucket         = "state"
  state_bucket_arn     = "arn:aws:s3:::state"
  artifacts_bucket     = "artifacts"
  artifacts_bucket_arn = "arn:aws:s3:::artifacts"
}

run "steps_run_in_order_with_an_approval_before_prod" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  assert {
    condition = [for stage in aws_codepipeline.this.stage : [stage.name, [for action in stage.action : action.category]]] == [
      ["Source", ["Source"]],
      ["Release", ["Build"]],
      ["dev", ["Build"]],
      ["prod", ["Approval", "Build"]],
    ]
    error_message = "The steps must be source, release, dev, approval, prod."
  }

  assert {
    condition     = one([for action in aws_codepipeline.this.stage[3].action : action.run_order if action.category == "Approval"]) < one([for action in aws_codepipeline.this.stage[3].action : action.run_order if action.category == "Build"])
    error_message = "The approval must come before the deployment."
  }

  assert {
    condition     = aws_codepipeline.this.stage[0].action[0].configuration.BranchName == "main" && aws_codepipeline.this.stage[0].action[0].configuration.FullRepositoryId == "example/gridbid" && one(one(aws_codepipeline.this.trigger).git_configuration[0].push[0].branches).includes == tolist(["main"])
    error_message = "Only merges to the release branch may start it."
  }

  assert {
    condition     = aws_codepipeline.this.execution_mode == "SUPERSEDED" && alltrue([for project in aws_codebuild_project.this : project.concurrent_build_limit == 1])
    error_message = "A newer merge must replace a waiting one, and no step may run concurrently."
  }

  assert {
    condition     = one(one(aws_codepipeline.this.artifact_store).encryption_key).id == "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" && alltrue([for project in aws_codebuild_project.this : project.encryption_key == "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"])
    error_message = "Artifacts between the steps must be encrypted with the pipeline's key."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.project : group.retention_in_days == 30 && group.kms_key_id != null])
    error_message = "The steps' logs must be encrypted and have a retention."
  }
}

run "steps_run_the_documented_commands" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  assert {
    condition     = length([for command in jsondecode(aws_codebuild_project.this["release"].source[0].buildspec).phases.build.commands : command if strcontains(command, "gridbid release --functions result ")]) == 1
    error_message = "The release step must release."
  }

  assert {
    condition     = jsondecode(aws_codebuild_project.this["release"].source[0].buildspec).phases.build.commands[0] == "nix flake check --print-build-logs"
    error_message = "The checks must run before the release."
  }

  assert {
    condition = alltrue([for name in ["dev", "prod"] : jsondecode(aws_codebuild_project.this[name].source[0].buildspec).phases.build.commands == [
      "export RELEASE=\"$CODEBUILD_RESOLVED_SOURCE_VERSION\"",
      "nix develop .#deploy --command .github/scripts/fetch-gridbid.sh",
      "nix develop .#deploy --command .github/scripts/deploy.sh",
    ]])
    error_message = "An environment's step must run the scripts of GitHub's workflow with the release's gridbid, and build nothing."
  }

  assert {
    condition = { for name, project in aws_codebuild_project.this : name => { for variable in project.environment[0].environment_variable : variable.name => variable.value } } == {
      release = { GRIDBID_ARTIFACTS_BUCKET = "artifacts" }
      dev = {
        ATTESTATIONS             = "off"
        BUCKET                   = "artifacts"
        ENVIRONMENT              = "dev"
        GRIDBID_ARTIFACTS_BUCKET = "artifacts"
        OLDER                    = "false"
        STATE_BUCKET             = "state"
        TERRAFORM_VARIABLES      = ""
      }
      prod = {
        ATTESTATIONS                = "off"
        BUCKET                      = "artifacts"
        ENVIRONMENT                 = "prod"
        GRIDBID_ARTIFACTS_BUCKET    = "artifacts"
        GRIDBID_SMOKE_AUDIENCE      = "gridbid"
        GRIDBID_SMOKE_CLIENT_ID     = "smoke"
        GRIDBID_SMOKE_CLIENT_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/prod/smoke-AbCdEf"
        GRIDBID_SMOKE_TOKEN_URL     = "https://issuer.example.com/token"
        OLDER                       = "false"
        STATE_BUCKET                = "state"
        TERRAFORM_VARIABLES         = "auction_platform_url = \"https://auction.example.com\""
      }
    }
    error_message = "Each environment's step must have that environment's settings."
  }

  assert {
    condition     = [for variable in aws_codebuild_project.this["prod"].environment[0].environment_variable : variable.name if variable.type == "SECRETS_MANAGER"] == ["GRIDBID_SMOKE_CLIENT_SECRET"]
    error_message = "The client's secret must be read from Secrets Manager, and nothing else."
  }

  assert {
    condition     = { for name, policy in aws_iam_role_policy.project : name => [for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")] } == { release = [], dev = [], prod = [["arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/prod/smoke-AbCdEf"]] }
    error_message = "Only the step with a client may read its secret."
  }

  assert {
    condition     = !anytrue([for project in aws_codebuild_project.this : strcontains(project.source[0].buildspec, "|| true")])
    error_message = "A failed command must fail its step."
  }

  assert {
    condition     = alltrue([for project in aws_codebuild_project.this : project.environment[0].privileged_mode != true])
    error_message = "Steps must not run in privileged containers."
  }
}

run "steps_have_separate_roles" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  assert {
    condition     = { for name, project in local.projects : name => [project.kind, project.environment] } == { release = ["release", null], dev = ["deploy", "dev"], prod = ["deploy", "prod"] }
    error_message = "The release role must release, and each environment's role deploy only that environment."
  }

  assert {
    condition     = jsondecode(aws_iam_role.pipeline.assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnEquals = { "aws:SourceArn" = "arn:aws:codepipeline:eu-west-1:123456789012:gridbid-delivery" } }
    error_message = "Only this pipeline may assume its role."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.pipeline.policy).Statement : statement.Action])) == toset(["codeconnections:UseConnection", "codebuild:StartBuild", "codebuild:BatchGetBuilds", "s3:GetObject", "s3:PutObject", "s3:GetBucketVersioning", "kms:Decrypt", "kms:GenerateDataKey"]) && !anytrue([for statement in jsondecode(aws_iam_role_policy.pipeline.policy).Statement : contains(statement.Resource, "*")])
    error_message = "The pipeline may only start its steps and pass on sources."
  }
}

run "event_rule_matches_the_pipelines_name" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    environment            = "dev"
    secret_recovery_days   = 30
    notify_slack           = { function_name = "f", alias_name = "live", alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:f:live" }
    watched                = true
    pipeline_notifications = true
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.delivery["pipeline-failed"].event_pattern).detail.pipeline == [run.steps_run_in_order_with_an_approval_before_prod.name]
    error_message = "The event rule must match the pipeline's name."
  }
}

run "image_without_a_digest_is_refused" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    build_image = "example/nix:latest"
  }

  expect_failures = [var.build_image]
}

run "secret_of_another_environment_is_refused" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    environments = [
      {
        name         = "dev"
        boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary"
        key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/d"
        destroyable  = true
        smoke_client = { token_url = "https://issuer.example.com/token", client_id = "smoke", client_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/prod/smoke-AbCdEf" }
      },
    ]
  }

  expect_failures = [var.environments]
}

run "duplicate_environment_is_refused" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    environments = [
      { name = "dev", boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/d", destroyable = true },
      { name = "dev", boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-dev-boundary", key_arn = "arn:aws:kms:eu-west-1:123456789012:key/d", destroyable = true },
    ]
  }

  expect_failures = [var.environments]
}
