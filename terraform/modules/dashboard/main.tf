# The dashboard: alarms, API traffic and latency, faults and duration of each function, runs, tables, failed messages and the
# submission.

data "aws_region" "current" {}

locals {
  half = { width = 12, height = 6 }

  submission_graphs = flatten([for submission in var.submission[*] : [
    {
      title = "Submission: orders in the queue"
      stat  = "Maximum"
      metrics = [for name in ["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"] :
        ["AWS/SQS", name, "QueueName", submission.queue_name]
      ]
    },
    {
      title   = "Submission: age of the oldest message (s)"
      stat    = "Maximum"
      metrics = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", submission.queue_name]]
    },
    {
      title   = "Submission: orders that wait for the platform"
      stat    = "Sum"
      metrics = [["Gridbid/${var.environment}", "orders-deferred"]]
    },
    {
      title = "Submission: pipe"
      stat  = "Sum"
      metrics = [for name in ["EventCount", "ExecutionFailed", "ExecutionPartiallyFailed"] :
        ["AWS/EventBridge/Pipes", name, "PipeName", submission.pipe_name]
      ]
    },
  ]])

  graphs = [
    {
      title = "API: requests and errors"
      stat  = "Sum"
      metrics = [
        ["AWS/ApiGateway", "Count", "ApiId", var.api_id],
        ["AWS/ApiGateway", "4xx", "ApiId", var.api_id],
        ["AWS/ApiGateway", "5xx", "ApiId", var.api_id],
      ]
    },
    {
      title   = "API: p99 latency (ms)"
      stat    = "p99"
      metrics = [["AWS/ApiGateway", "Latency", "ApiId", var.api_id]]
    },
    {
      title   = "Functions: faults"
      stat    = "Sum"
      metrics = [for name, function in var.functions : ["Gridbid/${var.environment}", "${name}-faults"]]
    },
    {
      title   = "Functions: p99 duration (ms)"
      stat    = "p99"
      metrics = [for name, function in var.functions : ["AWS/Lambda", "Duration", "FunctionName", function.function_name]]
    },
    {
      title   = "Functions: concurrency"
      stat    = "Maximum"
      metrics = [for name, function in var.functions : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function.function_name]]
    },
    {
      title   = "Functions: throttles"
      stat    = "Sum"
      metrics = [for name, function in var.functions : ["AWS/Lambda", "Throttles", "FunctionName", function.function_name]]
    },
    {
      title = "Results runs"
      stat  = "Sum"
      metrics = [for name in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
        ["AWS/States", name, "StateMachineArn", var.state_machine_arn]
      ]
    },
    {
      title   = "Results runs: closed, and slots open for too long"
      stat    = "Maximum"
      metrics = [for name in ["runs-closed", "open-slots"] : ["Gridbid/${var.environment}", name]]
    },
    {
      title = "Tables: reads and writes"
      stat  = "Sum"
      metrics = [for pair in setproduct(var.table_names, ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"]) :
        ["AWS/DynamoDB", pair[1], "TableName", pair[0]]
      ]
    },
    {
      title   = "Failed messages"
      stat    = "Maximum"
      metrics = [for name in var.queue_names : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "gridbid-${var.environment}"

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 4
        properties = { title = "Alarms", alarms = var.alarm_arns }
      }],
      [for index, graph in concat(local.graphs, local.submission_graphs) : {
        type   = "metric"
        x      = local.half.width * (index % 2)
        y      = 4 + local.half.height * floor(index / 2)
        width  = local.half.width
        height = local.half.height
        properties = {
          title   = graph.title
          region  = data.aws_region.current.name
          stat    = graph.stat
          period  = 60
          metrics = graph.metrics
        }
      }],
    )
  })
}
