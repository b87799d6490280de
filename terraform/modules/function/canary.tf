# The canary of a function behind HTTP: CodeDeploy shifts 10 % of the invocations to a new version first.
#
# After five minutes without an alarm, all invocations reach the new version. An alarm, a failure or a stop rolls the alias back.
# `gridbid deploy` starts the deployment.

resource "aws_codedeploy_app" "canary" {
  count = var.canary ? 1 : 0

  name             = local.function_name
  compute_platform = "Lambda"
}

resource "aws_iam_role" "canary" {
  count = var.canary ? 1 : 0

  name                 = "${local.function_name}-canary"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
        ArnLike      = { "aws:SourceArn" = "${replace(aws_codedeploy_app.canary[0].arn, ":application:", ":deploymentgroup:")}/*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "canary" {
  # checkov:skip=CKV_AWS_355: DescribeAlarms is checked against all alarms, and reads only their settings and states

  count = var.canary ? 1 : 0

  name = "canary"
  role = aws_iam_role.canary[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
        Resource = [aws_lambda_function.this.arn, aws_lambda_alias.live.arn]
      },
      # CodeDeploy checks it against all alarms, as in AWS's own policy for this role.
      {
        Effect   = "Allow"
        Action   = ["cloudwatch:DescribeAlarms"]
        Resource = ["*"]
      },
    ]
  })
}

resource "aws_codedeploy_deployment_group" "canary" {
  count = var.canary ? 1 : 0

  app_name               = aws_codedeploy_app.canary[0].name
  deployment_group_name  = aws_lambda_alias.live.name
  service_role_arn       = aws_iam_role.canary[0].arn
  deployment_config_name = "CodeDeployDefault.LambdaCanary10Percent5Minutes"

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  alarm_configuration {
    enabled                   = true
    ignore_poll_alarm_failure = false
    alarms                    = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  depends_on = [aws_iam_role_policy.canary]
}
