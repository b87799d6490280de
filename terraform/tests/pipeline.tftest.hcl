# CodePipeline: the steps in their order, each with its role, an approval before every environment but the first.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  repository               = "example/gridbid"
  environments             = ["dev", "prod"]
  build_image              = "example/nix@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/gridbid-boundary"
  state_bucket             = "state"
  state_bucket_arn         = "arn:aws:s3:::state"
  artifacts_bucket         = "artifacts"
  artifacts_bucket_arn     = "arn:aws:s3:::artifacts"
}

run "a_merge_is_released_deployed_to_dev_and_to_prod_once_approved" {
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
    error_message = "The steps are source, release, dev, approval, prod."
  }

  assert {
    condition     = one([for action in aws_codepipeline.this.stage[3].action : action.run_order if action.category == "Approval"]) < one([for action in aws_codepipeline.this.stage[3].action : action.run_order if action.category == "Build"])
    error_message = "The approval must come before the deployment."
  }

  assert {
    condition     = aws_codepipeline.this.stage[0].action[0].configuration.BranchName == "main" && aws_codepipeline.this.stage[0].action[0].configuration.FullRepositoryId == "example/gridbid" && one(one(aws_codepipeline.this.trigger).git_configuration[0].push[0].branches).includes == tolist(["main"])
    error_message = "Merges to the release branch start it, and nothing else."
  }

  assert {
    condition     = aws_codepipeline.this.execution_mode == "SUPERSEDED" && alltrue([for project in aws_codebuild_project.this : project.concurrent_build_limit == 1])
    error_message = "A newer merge replaces one that waits, and no step runs twice at once."
  }

  assert {
    condition     = one(one(aws_codepipeline.this.artifact_store).encryption_key).id == "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" && alltrue([for project in aws_codebuild_project.this : project.encryption_key == "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"])
    error_message = "What passes between the steps must be encrypted with the pipeline's key."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.project : group.retention_in_days == 30 && group.kms_key_id != null])
    error_message = "The steps' logs must be encrypted and end."
  }
}

run "each_step_runs_the_commands_that_anyone_can_run" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  assert {
    condition     = { for name, project in aws_codebuild_project.this : name => length([for command in jsondecode(project.source[0].buildspec).phases.build.commands : command if strcontains(command, name == "release" ? "gridbid release --functions result " : "gridbid -- deploy --env ${name} --release ")]) } == { release = 1, dev = 1, prod = 1 }
    error_message = "The release releases, and each environment's step deploys it."
  }

  assert {
    condition     = jsondecode(aws_codebuild_project.this["release"].source[0].buildspec).phases.build.commands[0] == "nix flake check --print-build-logs"
    error_message = "Everything is checked before it is released."
  }

  assert {
    condition     = alltrue([for project in aws_codebuild_project.this : { for variable in project.environment[0].environment_variable : variable.name => variable.value } == { GRIDBID_ARTIFACTS_BUCKET = "artifacts", STATE_BUCKET = "state" }])
    error_message = "Each step must be told where artifacts and states are."
  }

  assert {
    condition     = !anytrue([for project in aws_codebuild_project.this : strcontains(project.source[0].buildspec, "|| true")])
    error_message = "A step that fails must fail."
  }

  assert {
    condition     = alltrue([for project in aws_codebuild_project.this : project.environment[0].privileged_mode != true])
    error_message = "No step needs a privileged container."
  }
}

run "each_step_has_its_own_role" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  assert {
    condition     = { for name, project in local.projects : name => [project.kind, project.environments] } == { release = ["release", []], dev = ["deploy", ["dev"]], prod = ["deploy", ["prod"]] }
    error_message = "The release's role releases, each environment's deploys it alone."
  }

  assert {
    condition     = jsondecode(aws_iam_role.pipeline.assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnEquals = { "aws:SourceArn" = "arn:aws:codepipeline:eu-west-1:123456789012:gridbid-delivery" } }
    error_message = "Only this pipeline may take its role."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.pipeline.policy).Statement : statement.Action])) == toset(["codeconnections:UseConnection", "codebuild:StartBuild", "codebuild:BatchGetBuilds", "s3:GetObject", "s3:PutObject", "s3:GetBucketVersioning", "kms:Decrypt", "kms:GenerateDataKey"]) && !anytrue([for statement in jsondecode(aws_iam_role_policy.pipeline.policy).Statement : contains(statement.Resource, "*")])
    error_message = "The pipeline starts its steps and passes sources on, and does nothing else."
  }

  assert {
    condition     = aws_iam_role.pipeline.permissions_boundary == var.permissions_boundary_arn
    error_message = "The pipeline's role must be under the boundary."
  }
}

run "its_failures_are_told_by_its_name" {
  command = plan

  module {
    source = "../modules/alerts"
  }

  variables {
    environment          = "dev"
    secret_recovery_days = 30
    notify_slack         = { function_name = "f", alias_name = "live", alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:f:live" }
    watched              = true
    pipeline_notifications     = true
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.delivery["pipeline-failed"].event_pattern).detail.pipeline == [run.a_merge_is_released_deployed_to_dev_and_to_prod_once_approved.name]
    error_message = "The rule must listen to the pipeline by the name that the pipeline has."
  }
}

run "an_image_that_may_change_is_refused" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    build_image = "example/nix:latest"
  }

  expect_failures = [var.build_image]
}

run "an_environment_twice_is_refused" {
  command = plan

  module {
    source = "../modules/pipeline"
  }

  variables {
    environments = ["dev", "dev"]
  }

  expect_failures = [var.environments]
}
