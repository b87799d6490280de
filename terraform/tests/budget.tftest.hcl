# The budget: notifications at 80 % and when the forecast exceeds it.

mock_provider "aws" {}

variables {
  environment = "dev"
  monthly_usd = 50
  topic_arn   = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
}

run "budget_notifies_before_it_is_spent" {
  command = plan

  module {
    source = "../modules/budget"
  }

  assert {
    condition     = aws_budgets_budget.monthly.limit_amount == "50" && aws_budgets_budget.monthly.limit_unit == "USD" && aws_budgets_budget.monthly.time_unit == "MONTHLY"
    error_message = "The budget must be the given number of US dollars a month."
  }

  assert {
    condition     = toset([for notification in aws_budgets_budget.monthly.notification : "${notification.notification_type} ${notification.threshold}"]) == toset(["ACTUAL 80", "FORECASTED 100"]) && alltrue([for notification in aws_budgets_budget.monthly.notification : notification.subscriber_sns_topic_arns == toset([var.topic_arn])])
    error_message = "The topic must be notified at 80 % of actual and 100 % of forecast spending."
  }
}

run "budget_of_zero_is_refused" {
  command = plan

  module {
    source = "../modules/budget"
  }

  variables {
    monthly_usd = 0
  }

  expect_failures = [var.monthly_usd]
}
