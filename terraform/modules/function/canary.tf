# The canary of a function that people call: CodeDeploy shifts the alias to a new version, a tenth of the calls first.
#
# Promises: after five minutes without an alarm all calls reach the new version; an alarm, a failure or a stop takes the
# alias back to the old one by itself. Leaves out: starting a deployment, which is `gridbid deploy`'s.

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
      {
        Effect   = "Allow"
        Action   = ["cloudwatch:DescribeAlarms"]
        Resource = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]
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
