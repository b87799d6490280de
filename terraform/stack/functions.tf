# The functions: configuration, permissions and routes.
#
# To add a function, add an entry to `functions`, and one to `routes` if it serves HTTP. Code, runtime and handler come from
# the manifest's entry of the same name. Functions behind HTTP have enough traffic for a canary; the others are shifted at once.

locals {
  # Needed to read or write data that the key encrypts.
  key_statements = [for arn in local.key[*].arn : { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [arn] }]

  # Whether orders are submitted to an auction platform.
  submits = var.auction_platform_url != null

  platform_variables = { for name, value in {
    AUCTION_PLATFORM_URL          = var.auction_platform_url
    AUCTION_PLATFORM_TOKEN_SECRET = var.auction_platform_token_secret_arn
  } : name => value if value != null }

  platform_statements = [
    for arn in var.auction_platform_token_secret_arn[*] : { actions = ["secretsmanager:GetSecretValue"], resources = [arn] }
  ]

  # For the functions that put records: results, reports and summaries.
  retention_variables = { for name, days in { RESULTS_RETENTION_DAYS = var.results_retention_days } : name => tostring(days) if days != null }
  record_actions      = concat(["s3:PutObject"], var.results_retention_days == null ? [] : ["s3:PutObjectRetention"])

  functions = { for name, function in {
    orders-api = {
      description           = "Stores orders and returns one"
      timeout_seconds       = 15
      p99_limit_ms          = 3000
      environment_variables = merge({ ORDERS_TABLE = module.order_store.table_name }, local.submits ? { SUBMIT_ORDERS = "true" } : {})
      policy_statements = concat(local.key_statements, [
        # One read, and one transaction of puts and condition checks.
        { actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"], resources = [module.order_store.table_arn] },
      ])
    }

    collect-results = {
      description = "Asks the auction platform for results and freezes them"
      # Below the task's 250 s in the state machine, so that it receives the function's own error.
      timeout_seconds = 240
      p99_limit_ms    = 120000
      # The platform's document (at most 256 MiB), its orders as canonical JSON (at most as much), and the batches being sent.
      memory_mb = 1024
      environment_variables = merge(local.platform_variables, { for name, value in {
        RESULTS_BUCKET               = module.result_archive.bucket_name
        AUCTION_RANDOM_SEED          = var.auction_random_seed
        AUCTION_RANDOM_READY_PERCENT = var.auction_random_ready_percent
      } : name => tostring(value) if value != null })
      policy_statements = concat(
        local.key_statements,
        [
          { actions = ["s3:GetObject", "s3:PutObject"], resources = ["${module.result_archive.bucket_arn}/answers/*"] },
          # Without it, S3 answers 403 instead of 404 for an object that does not exist.
          { actions = ["s3:ListBucket"], resources = [module.result_archive.bucket_arn] },
        ],
        local.platform_statements,
      )
    }

    # Without a splat on the submission: it would refer to the whole module, which depends on this function.
    submit-orders = {
      description     = "Submits stored orders to the auction platform"
      timeout_seconds = 29
      p99_limit_ms    = 20000
      environment_variables = merge(local.platform_variables, {
        ORDERS_TABLE                     = module.order_store.table_name
        NOTIFICATIONS_TOPIC_ARN          = module.alerts.topic_arn
        SUBMISSION_QUEUE_URL             = local.submits ? module.submission[0].queue_url : null
        SUBMISSION_DEAD_LETTER_QUEUE_URL = local.submits ? module.submission[0].dead_letter_queue_url : null
      })
      policy_statements = concat(local.key_statements, local.platform_statements, [
        { actions = ["dynamodb:UpdateItem"], resources = [module.order_store.table_arn] },
        { actions = ["sns:Publish"], resources = [module.alerts.topic_arn] },
        # Lambda receives and deletes messages with the function's role; the function sets the delay of a retry.
        { actions = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources = [local.submits ? module.submission[0].queue_arn : null] },
        { actions = ["sqs:SendMessage"], resources = [local.submits ? module.submission[0].dead_letter_queue_arn : null] },
      ])
    }

    store-result = {
      description = "Stores an accepted order or a batch of orders, and raises OrderRejected for a rejected order"
      # Below the task's 60 s in the state machine.
      timeout_seconds       = 50
      p99_limit_ms          = 25000
      environment_variables = merge({ RESULTS_BUCKET = module.result_archive.bucket_name }, local.retention_variables)
      policy_statements = concat(local.key_statements, [
        { actions = ["s3:GetObject"], resources = ["${module.result_archive.bucket_arn}/answers/*"] },
        { actions = local.record_actions, resources = ["${module.result_archive.bucket_arn}/results/*", "${module.result_archive.bucket_arn}/reports/*"] },
        { actions = ["s3:ListBucket"], resources = [module.result_archive.bucket_arn] },
      ])
    }

    close-run = {
      description = "Writes a run's summary and reports rejections and failures"
      # Below the task's 130 s in the state machine.
      timeout_seconds = 120
      p99_limit_ms    = 60000
      environment_variables = merge(local.retention_variables, {
        RESULTS_BUCKET          = module.result_archive.bucket_name
        NOTIFICATIONS_TOPIC_ARN = module.alerts.topic_arn
      })
      policy_statements = concat(local.key_statements, [
        { actions = ["s3:GetObject"], resources = ["${module.result_archive.bucket_arn}/reports/*", "${module.result_archive.bucket_arn}/summaries/*"] },
        { actions = local.record_actions, resources = ["${module.result_archive.bucket_arn}/summaries/*"] },
        { actions = ["s3:ListBucket"], resources = [module.result_archive.bucket_arn] },
        { actions = ["sns:Publish"], resources = [module.alerts.topic_arn] },
      ])
    }

    preview-orders = {
      description     = "Validates orders without storing them"
      timeout_seconds = 10
      p99_limit_ms    = 3000
      # Node starts slowly with less memory.
      memory_mb             = 512
      environment_variables = {}
      policy_statements     = []
    }

    report-results = {
      description     = "Reports the results of a day and of a slot"
      timeout_seconds = 15
      p99_limit_ms    = 5000
      memory_mb       = 512
      environment_variables = {
        RESULTS_BUCKET = module.result_archive.bucket_name
        RUNS_TABLE     = module.results_run.runs_table_name
      }
      policy_statements = concat(local.key_statements, [
        { actions = ["s3:ListBucket"], resources = [module.result_archive.bucket_arn] },
        { actions = ["s3:GetObject"], resources = ["${module.result_archive.bucket_arn}/answers/*", "${module.result_archive.bucket_arn}/summaries/*"] },
        { actions = ["dynamodb:BatchGetItem"], resources = [module.results_run.runs_table_arn] },
        { actions = ["dynamodb:Query"], resources = [module.results_run.open_slots_index_arn] },
      ])
    }

    notify-slack = {
      description           = "Posts notifications to Slack"
      timeout_seconds       = 20
      p99_limit_ms          = 10000
      environment_variables = { SLACK_WEBHOOK_SECRET = module.alerts.slack_webhook_secret_arn }
      policy_statements = concat(local.key_statements, [
        { actions = ["secretsmanager:GetSecretValue"], resources = [module.alerts.slack_webhook_secret_arn] },
        # Lambda sends failed events to the queue with the function's role.
        { actions = ["sqs:SendMessage"], resources = [module.alerts.notify_slack_failed_queue_arn] },
      ])
    }
  } : name => function if name != "submit-orders" || local.submits }

  routes = {
    "POST /orders"               = "orders-api"
    "GET /orders/{record_id}"    = "orders-api"
    "POST /orders/preview"       = "preview-orders"
    "GET /results/{date}"        = "report-results"
    "GET /results/{date}/{slot}" = "report-results"
  }
}

module "function" {
  source   = "../modules/function"
  for_each = local.functions

  name                  = each.key
  environment           = var.environment
  description           = each.value.description
  code                  = local.manifest[each.key]
  artifacts_bucket      = var.artifacts_bucket
  timeout_seconds       = each.value.timeout_seconds
  memory_mb             = try(each.value.memory_mb, 256)
  environment_variables = each.value.environment_variables
  policy_statements     = each.value.policy_statements
  log_retention_days    = var.log_retention_days

  key                      = local.key
  permissions_boundary_arn = local.permissions_boundary_arn
  reserved_concurrency     = lookup(var.reserved_concurrency, each.key, null)
  canary                   = var.on_aws && contains(values(local.routes), each.key)
  alarms = var.on_aws ? {
    # Failures of the path to Slack are also sent by email.
    topic_arns   = each.key == "notify-slack" ? [module.alerts.topic_arn, module.alerts.escalations_topic_arn] : [module.alerts.topic_arn]
    p99_limit_ms = each.value.p99_limit_ms
  } : null
}
