# Mocked attributes: valid ARNs, for tests that plan whole environments. The environment in names is `mock`: tools/infrastructure/iam puts the
# environment of the plan in its place before it evaluates policies.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}
mock_data "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
}
mock_data "aws_region" {
  defaults = { name = "eu-west-1" }
}
mock_resource "aws_apigatewayv2_api" {
  defaults = {
    id            = "a1b2c3"
    api_endpoint  = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3"
  }
}
mock_resource "aws_cloudfront_distribution" {
  defaults = {
    arn         = "arn:aws:cloudfront::123456789012:distribution/E1"
    domain_name = "d1.cloudfront.net"
  }
}
mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/gridbid-mock-r" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/gridbid-mock-g" }
}
mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = { arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:gridbid-mock-a" }
}
mock_resource "aws_codebuild_project" {
  defaults = { arn = "arn:aws:codebuild:eu-west-1:123456789012:project/p" }
}
mock_resource "aws_codeconnections_connection" {
  defaults = { arn = "arn:aws:codeconnections:eu-west-1:123456789012:connection/c" }
}
mock_resource "aws_codedeploy_app" {
  defaults = { arn = "arn:aws:codedeploy:eu-west-1:123456789012:application:gridbid-mock-a" }
}
mock_resource "aws_dynamodb_table" {
  defaults = {
    arn        = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-mock-t"
    stream_arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/gridbid-mock-t/stream/2026-11-22T00:00:00.000"
  }
}
mock_resource "aws_iam_openid_connect_provider" {
  defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/gridbid-mock" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/gridbid-mock-r" }
}
mock_resource "aws_kms_key" {
  defaults = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    key_id = "11111111-2222-3333-4444-555555555555"
  }
}
mock_resource "aws_lambda_alias" {
  defaults = {
    arn        = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-mock-f:live"
    invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:gridbid-mock-f:live/invocations"
  }
}
mock_resource "aws_lambda_function" {
  defaults = {
    arn     = "arn:aws:lambda:eu-west-1:123456789012:function:gridbid-mock-f"
    version = "1"
  }
}
mock_resource "aws_s3_bucket" {
  defaults = {
    id                          = "gridbid-mock-b"
    arn                         = "arn:aws:s3:::gridbid-mock-b"
    bucket_regional_domain_name = "gridbid-mock-b.s3.eu-west-1.amazonaws.com"
  }
}
mock_resource "aws_scheduler_schedule_group" {
  defaults = { arn = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/gridbid-mock-g" }
}
mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gridbid/mock/s-AbCdEf" }
}
mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:gridbid-mock-m" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:gridbid-mock-t" }
}
mock_resource "aws_sqs_queue" {
  # A queue without a given policy has none.
  defaults = {
    arn    = "arn:aws:sqs:eu-west-1:123456789012:gridbid-mock-q"
    policy = ""
  }
}
