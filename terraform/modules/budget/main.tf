# The account's monthly budget.
#
# Notifies when 80 % is spent and when the forecast exceeds the budget; it stops nothing. It covers the whole account, because a
# filter by tag matches nothing until the tag is activated for billing.

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
