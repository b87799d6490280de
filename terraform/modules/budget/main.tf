# The budget: what the account may cost in a month, and who is told before it does.
#
# Promises: a notice when 80 % is spent and when the month is foreseen to end above it. It stops nothing. It counts the whole
# account, because a filter by tag sees nothing until somebody activates the tag for billing. Called by: terraform/stack.

resource "aws_budgets_budget" "monthly" {
  name         = "gridbid-${var.environment}-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_unit   = "USD"
  limit_amount = tostring(var.monthly_usd)

  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold_type            = "PERCENTAGE"
    threshold                 = 80
    subscriber_sns_topic_arns = [var.topic_arn]
  }

  notification {
    notification_type         = "FORECASTED"
    comparison_operator       = "GREATER_THAN"
    threshold_type            = "PERCENTAGE"
    threshold                 = 100
    subscriber_sns_topic_arns = [var.topic_arn]
  }
}
