# The budget: told at 80 % and when the month is foreseen to end above it.

mock_provider "aws" {}

variables {
  environment = "dev"
  monthly_usd = 50
  topic_arn   = "arn:aws:sns:eu-west-1:123456789012:gridbid-dev-notifications"
}

run "people_are_told_before_the_money_is_spent" {
  command = plan

  module {
    source = "../modules/budget"
  }

  assert {
    condition     = aws_budgets_budget.monthly.limit_amount == "50" && aws_budgets_budget.monthly.limit_unit == "USD" && aws_budgets_budget.monthly.time_unit == "MONTHLY"
    error_message = "The budget is the given number of US dollars a month."
  }

  assert {
    condition     = toset([for notification in aws_budgets_budget.monthly.notification : "${notification.notification_type} ${notification.threshold}"]) == toset(["ACTUAL 80", "FORECASTED 100"]) && alltrue([for notification in aws_budgets_budget.monthly.notification : notification.subscriber_sns_topic_arns == toset([var.topic_arn])])
    error_message = "The topic must be told when 80 % is spent, and when more than all is foreseen."
  }
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  module {
    source = "../modules/budget"
  }

  variables {
    monthly_usd = 0
  }

  expect_failures = [var.monthly_usd]
}
