# CodePipeline as the deployer: a merge is checked, released, deployed to dev, and to prod after an approval.
#
# The steps run the commands of GitHub's workflows, each with its own role. Nothing is rebuilt after the release. A newer merge replaces
# a waiting one (SUPERSEDED) and never interrupts a deployment. The event rules in modules/alerts report failures and approvals.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  here    = "${data.aws_region.current.name}:${local.account}"

  environments = var.environments[*].name

  # Their roles are bound to this, by name.
  bounds = { for environment in var.environments : environment.name => environment }

  # One project per step, by its name in the pipeline. The tools of a deployment are those of the shell `deploy`.
  projects = merge(
    { release = {
      kind        = "release"
      environment = null
      minutes     = 120
      variables   = {}
      smoke       = null
      commands = [
        "nix flake check --print-build-logs",
        "nix build .#functions --out-link result --print-build-logs",
        "nix build .#console --out-link result-console --print-build-logs",
        "nix build .#gridbid --out-link result-gridbid --print-build-logs",
        "nix build .#gridbid-x86_64 --out-link result-gridbid-x86_64 --print-build-logs",
        "committed_at=$(git show --no-patch --format=%cI \"$CODEBUILD_RESOLVED_SOURCE_VERSION\")",
        "result-gridbid/bin/gridbid release --functions result --console result-console --gridbid result-gridbid/bin/gridbid --gridbid result-gridbid-x86_64/bin/gridbid --release \"$CODEBUILD_RESOLVED_SOURCE_VERSION\" --committed-at \"$committed_at\"",
      ]
    } },
    { for environment in var.environments : environment.name => {
      kind        = "deploy"
      environment = environment.name
      minutes     = 120
      smoke       = environment.smoke_client
      # What GitHub's workflow passes to the same scripts.
      variables = merge(
        {
          ATTESTATIONS        = "off"
          BUCKET              = var.artifacts_bucket
          ENVIRONMENT         = environment.name
          OLDER               = "false"
          STATE_BUCKET        = var.state_bucket
          TERRAFORM_VARIABLES = environment.terraform_variables
        },
        { for name, value in {
          GRIDBID_SMOKE_TOKEN_URL = try(environment.smoke_client.token_url, null)
          GRIDBID_SMOKE_CLIENT_ID = try(environment.smoke_client.client_id, null)
          GRIDBID_SMOKE_SCOPE     = try(environment.smoke_client.scope, null)
          GRIDBID_SMOKE_AUDIENCE  = try(environment.smoke_client.audience, null)
        } : name => value if value != null },
      )
      # The release's own gridbid. `deploy` runs the smoke test and rolls back on failure.
      commands = [
        "export RELEASE=\"$CODEBUILD_RESOLVED_SOURCE_VERSION\"",
        "nix develop .#deploy --command .github/scripts/fetch-gridbid.sh",
        "nix develop .#deploy --command .github/scripts/deploy.sh",
      ]
    } },
  )

  # The first environment is deployed immediately, the others after an approval.
  stages = [for environment in local.environments : {
    name     = environment
    approved = index(local.environments, environment) > 0
  }]
}

# The sources of each run, kept for a month.

resource "aws_kms_key" "this" {
  description             = "Gridbid delivery: the pipeline's sources and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Without this statement nobody could manage the key; with it, the account's IAM policies apply.
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogGroupsKeep"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_region.current.name}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${local.here}:log-group:*" } }
      },
    ]
  })
}

module "sources" {
  source = "../private-bucket"

  name            = "gridbid-pipeline-${local.account}"
  key             = { arn = aws_kms_key.this.arn }
  expiration_days = 30
}

resource "aws_codeconnections_connection" "github" {
  name          = "gridbid-github"
  provider_type = "GitHub"
}

# The steps.

resource "aws_cloudwatch_log_group" "project" {
  # checkov:skip=CKV_AWS_338: A build can be repeated from its commit; a month is enough to diagnose a failure

  for_each = local.projects

  name              = "/aws/codebuild/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

module "role" {
  source   = "../delivery-role"
  for_each = local.projects

  kind        = each.value.kind
  name        = "pipeline-${each.key}"
  description = "CodeBuild project ${var.name}-${each.key} runs its step of the pipeline"
  environment = each.value.environment

  trust = {
    principal = { Service = "codebuild.amazonaws.com" }
    action    = "sts:AssumeRole"
    condition = {
      StringEquals = { "aws:SourceAccount" = [local.account] }
      ArnEquals    = { "aws:SourceArn" = ["arn:aws:codebuild:${local.here}:project/${var.name}-${each.key}"] }
    }
  }

  permissions_boundary_arn = try(local.bounds[each.value.environment].boundary_arn, null)
  key_arn                  = try(local.bounds[each.value.environment].key_arn, null)
  api_id                   = try(local.bounds[each.value.environment].api_id, null)
  domain                   = try(local.bounds[each.value.environment].domain, null)
  destroyable              = try(local.bounds[each.value.environment].destroyable, false)
  state_bucket_arn         = var.state_bucket_arn
  artifacts_bucket_arn     = var.artifacts_bucket_arn
  cache_bucket_arn         = var.cache_bucket_arn
}

resource "aws_iam_role_policy" "project" {
  for_each = local.projects

  name = "project"
  role = module.role[each.key].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.project[each.key].arn}:*"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${module.sources.arn}/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [aws_kms_key.this.arn]
      },
      {
        Effect   = "Allow"
        Action   = ["codeconnections:UseConnection"]
        Resource = [aws_codeconnections_connection.github.arn]
      },
      ], [for client in each.value.smoke[*] : {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [client.client_secret_arn]
    }])
  })
}

resource "aws_codebuild_project" "this" {
  for_each = local.projects

  name           = "${var.name}-${each.key}"
  description    = "Step ${each.key} of the pipeline"
  service_role   = module.role[each.key].arn
  build_timeout  = each.value.minutes
  encryption_key = aws_kms_key.this.arn

  # Deployments run one at a time.
  concurrent_build_limit = 1

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    # The zips run on Lambda's arm64.
    type         = "ARM_CONTAINER"
    compute_type = "BUILD_GENERAL1_LARGE"
    image        = var.build_image

    dynamic "environment_variable" {
      for_each = merge(var.build_variables, { GRIDBID_ARTIFACTS_BUCKET = var.artifacts_bucket }, each.value.variables)

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }

    dynamic "environment_variable" {
      for_each = each.value.smoke[*]

      content {
        name  = "GRIDBID_SMOKE_CLIENT_SECRET"
        type  = "SECRETS_MANAGER"
        value = environment_variable.value.client_secret_arn
      }
    }
  }

  source {
    type = "CODEPIPELINE"
    buildspec = jsonencode({
      version = "0.2"
      env     = { shell = "bash" }
      phases  = { build = { commands = each.value.commands } }
    })
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.project[each.key].name
    }
  }

  depends_on = [aws_iam_role_policy.project]
}

# The pipeline.

resource "aws_iam_role" "pipeline" {
  name = "gridbid-delivery-pipeline"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "codepipeline.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:codepipeline:${local.here}:${var.name}" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "pipeline" {
  name = "pipeline"
  role = aws_iam_role.pipeline.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["codeconnections:UseConnection"]
        Resource = [aws_codeconnections_connection.github.arn]
      },
      {
        Effect   = "Allow"
        Action   = ["codebuild:StartBuild", "codebuild:BatchGetBuilds"]
        Resource = [for project in aws_codebuild_project.this : project.arn]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${module.sources.arn}/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetBucketVersioning"]
        Resource = [module.sources.arn]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [aws_kms_key.this.arn]
      },
    ]
  })
}

resource "aws_codepipeline" "this" {
  name           = var.name
  role_arn       = aws_iam_role.pipeline.arn
  pipeline_type  = "V2"
  execution_mode = "SUPERSEDED"

  artifact_store {
    type     = "S3"
    location = module.sources.name

    encryption_key {
      type = "KMS"
      id   = aws_kms_key.this.arn
    }
  }

  # Started by merges, except those that change only documents.
  trigger {
    provider_type = "CodeStarSourceConnection"

    git_configuration {
      source_action_name = "Source"

      push {
        branches {
          includes = [var.release_branch]
        }
        file_paths {
          excludes = ["docs/**", "**/*.md"]
        }
      }
    }
  }

  stage {
    name = "Source"

    action {
      name             = "Source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]

      configuration = {
        ConnectionArn        = aws_codeconnections_connection.github.arn
        FullRepositoryId     = var.repository
        BranchName           = var.release_branch
        OutputArtifactFormat = "CODEBUILD_CLONE_REF"
        DetectChanges        = "false"
      }
    }
  }

  stage {
    name = "Release"

    action {
      name            = "Release"
      category        = "Build"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      input_artifacts = ["source"]
      configuration   = { ProjectName = aws_codebuild_project.this["release"].name }
    }
  }

  dynamic "stage" {
    for_each = local.stages

    content {
      name = stage.value.name

      dynamic "action" {
        for_each = stage.value.approved ? [true] : []

        content {
          name      = "Approve"
          category  = "Approval"
          owner     = "AWS"
          provider  = "Manual"
          version   = "1"
          run_order = 1

          configuration = { CustomData = "Deploy this release to ${stage.value.name}?" }
        }
      }

      action {
        name            = "Deploy"
        category        = "Build"
        owner           = "AWS"
        provider        = "CodeBuild"
        version         = "1"
        run_order       = 2
        input_artifacts = ["source"]
        configuration   = { ProjectName = aws_codebuild_project.this[stage.value.name].name }
      }
    }
  }

  depends_on = [aws_iam_role_policy.pipeline]
}
