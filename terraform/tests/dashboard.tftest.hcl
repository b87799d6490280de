# The dashboard: every alarm, function, table and queue is on it, and graphs do not overlap.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  environment       = "dev"
  api_id            = "a1b2c3"
  functions         = { orders-api = { function_name = "gridbid-dev-orders-api" }, close-run = { function_name = "gridbid-dev-close-run" } }
  state_machine_arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-dev-results-run"
  table_names       = ["gridbid-dev-orders", "gridbid-dev-runs"]
  queue_names       = ["gridbid-dev-notify-slack-failed"]
  submission        = { queue_name = "gridbid-dev-submission", pipe_name = "gridbid-dev-submission-pipe" }
  alarm_arns        = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gridbid-dev-orders-api-faults"]
}

run "dashboard_shows_the_whole_system" {
  command = plan

  module {
    source = "../modules/dashboard"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.alarms == ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gridbid-dev-orders-api-faults"]
    error_message = "Every alarm must be at the top."
  }

  assert {
    condition = alltrue([for name in concat(
      [for function in var.functions : function.function_name], [for name in keys(var.functions) : "${name}-faults"],
      var.table_names, var.queue_names, values(var.submission), [var.state_machine_arn, var.api_id],
    ) : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"${name}\"")])
    error_message = "Functions, their faults, tables, queues, the submission, runs and the API must be shown."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x} ${widget.y}"])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "Graphs must not overlap."
  }
}

run "dashboard_without_a_platform_has_no_submission" {
  command = plan

  module {
    source = "../modules/dashboard"
  }

  variables {
    submission = null
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "Submission")
    error_message = "Without an auction platform there must be no graph of the submission."
  }
}
