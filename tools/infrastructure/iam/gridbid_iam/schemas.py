"""The permissions that resources need, from the schemas of AWS's CloudFormation registry (cfn-lint's copy).

A schema lists what the handlers of a type call to create, read, update and delete a resource with any of its properties.
Terraform's provider makes much the same calls. What only other properties need is listed here, by the reason.
"""

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from gridbid_iam.fit import texts
from gridbid_iam.plans import Document

REGION = "eu-west-1"

# Terraform's types and the registry's.
TYPES = {
    "aws_apigatewayv2_api": "ApiGatewayV2::Api",
    "aws_apigatewayv2_api_mapping": "ApiGatewayV2::ApiMapping",
    "aws_apigatewayv2_authorizer": "ApiGatewayV2::Authorizer",
    "aws_apigatewayv2_domain_name": "ApiGatewayV2::DomainName",
    "aws_apigatewayv2_integration": "ApiGatewayV2::Integration",
    "aws_apigatewayv2_route": "ApiGatewayV2::Route",
    "aws_apigatewayv2_stage": "ApiGatewayV2::Stage",
    "aws_budgets_budget": "Budgets::Budget",
    "aws_cloudfront_distribution": "CloudFront::Distribution",
    "aws_cloudfront_function": "CloudFront::Function",
    "aws_cloudfront_origin_access_control": "CloudFront::OriginAccessControl",
    "aws_cloudfront_response_headers_policy": "CloudFront::ResponseHeadersPolicy",
    "aws_cloudwatch_dashboard": "CloudWatch::Dashboard",
    "aws_cloudwatch_event_rule": "Events::Rule",
    "aws_cloudwatch_event_target": "Events::Rule",
    "aws_cloudwatch_log_group": "Logs::LogGroup",
    "aws_cloudwatch_log_metric_filter": "Logs::MetricFilter",
    "aws_cloudwatch_metric_alarm": "CloudWatch::Alarm",
    "aws_codedeploy_app": "CodeDeploy::Application",
    "aws_codedeploy_deployment_group": "CodeDeploy::DeploymentGroup",
    "aws_dynamodb_table": "DynamoDB::Table",
    "aws_iam_role": "IAM::Role",
    "aws_iam_role_policy": "IAM::RolePolicy",
    "aws_lambda_alias": "Lambda::Alias",
    "aws_lambda_event_source_mapping": "Lambda::EventSourceMapping",
    "aws_lambda_function": "Lambda::Function",
    "aws_lambda_function_event_invoke_config": "Lambda::EventInvokeConfig",
    "aws_lambda_permission": "Lambda::Permission",
    "aws_pipes_pipe": "Pipes::Pipe",
    "aws_s3_bucket": "S3::Bucket",
    "aws_s3_bucket_policy": "S3::BucketPolicy",
    "aws_scheduler_schedule": "Scheduler::Schedule",
    "aws_scheduler_schedule_group": "Scheduler::ScheduleGroup",
    "aws_secretsmanager_secret": "SecretsManager::Secret",
    "aws_sfn_state_machine": "StepFunctions::StateMachine",
    "aws_sns_topic": "SNS::Topic",
    "aws_sns_topic_policy": "SNS::TopicPolicy",
    "aws_sns_topic_subscription": "SNS::Subscription",
    "aws_sqs_queue": "SQS::Queue",
}

# The registry has these as properties of other types, or not at all.
WITHOUT_SCHEMA = {
    "aws_s3_bucket_lifecycle_configuration": "a property of S3::Bucket",
    "aws_s3_bucket_logging": "a property of S3::Bucket",
    "aws_s3_bucket_public_access_block": "a property of S3::Bucket",
    "aws_s3_bucket_server_side_encryption_configuration": "a property of S3::Bucket",
    "aws_s3_bucket_versioning": "a property of S3::Bucket",
    "aws_s3_object": "an object is not a resource of CloudFormation",
}

# What the deploy role does not need, by the reason: actions, with `*` for any text.
NEEDLESS: dict[str, tuple[str, ...]] = {
    "API Gateway: mutual TLS": ("apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain"),
    "Budgets: billing views of other accounts": ("billing:GetBillingViewData",),
    "CloudFront authorizes it as CreateDistribution and TagResource": ("cloudfront:CreateDistributionWithTags",),
    "the provider calls GetDistribution": ("cloudfront:GetDistributionConfig",),
    "CloudFront: tenants, VPC origins, staging": (
        "cloudfront:*ConnectionGroup",
        "cloudfront:GetVpcOrigin",
        "cloudfront:UpdateDistributionWithStagingConfig",
    ),
    "CodeDeploy: machines": ("codedeploy:RegisterOnPremisesInstance",),
    "DynamoDB: replicas, whose items it reads and writes": (
        "dynamodb:*TableReplica",
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
    ),
    "DynamoDB: imports and their logs": (
        "dynamodb:DescribeImport",
        "dynamodb:ImportTable",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "s3:GetObjectMetadata",
    ),
    "DynamoDB: Contributor Insights, Kinesis, resource policies": (
        "dynamodb:*ContributorInsights",
        "dynamodb:*KinesisStreamingDestination",
        "dynamodb:*ResourcePolicy",
        "kinesis:*",
    ),
    "DynamoDB revokes its own grants, and keys are named by ARN": ("kms:ListAliases", "kms:RevokeGrant"),
    "IAM: roles have inline policies only, and never lose their boundary": (
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DetachRolePolicy",
    ),
    "an administrator creates service-linked roles; AWS's own policy for Pipes lacks it": (
        "iam:CreateServiceLinkedRole",
    ),
    "Lambda: networks and file systems": ("ec2:*", "elasticfilesystem:*", "s3files:*"),
    "Lambda: code signing, the provider reads only whether there is one": (
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:GetCodeSigningConfig",
        "lambda:PutFunctionCodeSigningConfig",
    ),
    "Lambda: capacity, recursion, runtimes, layers": (
        "lambda:*FunctionRecursionConfig",
        "lambda:*FunctionScalingConfig",
        "lambda:*ProvisionedConcurrencyConfig",
        "lambda:*RuntimeManagementConfig",
        "lambda:AssociateRuntimeAlias",
        "lambda:GetLayerVersion",
        "lambda:PassCapacityProvider",
    ),
    "Logs: every group has a retention": ("logs:DeleteRetentionPolicy",),
    "Logs: data protection, indexes, resource policies, tokens, other destinations": (
        "firehose:*",
        "logs:*DataProtectionPolicy",
        "logs:*Index*",
        "logs:DeleteResourcePolicy",
        "logs:PutBearerTokenAuthentication",
        "logs:PutLogGroupDeletionProtection",
        "s3:REST.PUT.OBJECT",
    ),
    "code, definitions and trust stores are read without a version": ("s3:GetObjectVersion",),
    "S3: tags by the calls of general purpose buckets without ABAC": (
        "s3:*BucketAbac",
        "s3:ListTagsForResource",
        "s3:TagResource",
        "s3:UntagResource",
    ),
    "S3: what was set once is replaced, not removed": ("s3:DeleteBucketEncryption", "s3:DeleteBucketLifecycle"),
    "S3: no lock or ACL of a bucket": (
        "s3:*BucketOwnershipControls",
        "s3:PutBucketAcl",
        "s3:PutObjectAcl",
        "s3:PutObjectLockConfiguration",
    ),
    "S3: acceleration, analytics, CORS, inventory, metadata, metrics, notifications, replication, tiering, websites": (
        "s3:*AnalyticsConfiguration",
        "s3:*BucketMetadata*",
        "s3:*BucketNotification",
        "s3:*IntelligentTieringConfiguration",
        "s3:*InventoryConfiguration",
        "s3:*MetricsConfiguration",
        "s3:DeleteBucketCors",
        "s3:DeleteBucketReplication",
        "s3:DeleteBucketWebsite",
        "s3:PutAccelerateConfiguration",
        "s3:PutBucketCORS",
        "s3:PutBucketReplication",
        "s3:PutBucketWebsite",
        "s3:PutReplicationConfiguration",
        "s3tables:*",
    ),
    "Secrets Manager: an administrator sets the values": (
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
    ),
    "Secrets Manager: replicas": (
        "secretsmanager:RemoveRegionsFromReplication",
        "secretsmanager:ReplicateSecretToRegions",
    ),
    "SNS: data protection": ("sns:*DataProtectionPolicy",),
}

# What the deploy role has besides, by the reason.
BESIDES: dict[str, tuple[str, ...]] = {
    "calls of Terraform's provider that the registry's handlers do not make": (
        "codedeploy:UpdateApplication",
        "iam:ListInstanceProfilesForRole",
        "lambda:GetFunctionConcurrency",
        "lambda:GetFunctionConfiguration",
        "lambda:ListVersionsByFunction",
        "pipes:ListTagsForResource",
        "pipes:StartPipe",
        "pipes:StopPipe",
        "s3:GetBucketRequestPayment",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
        "secretsmanager:GetResourcePolicy",
        "states:ListStateMachineVersions",
        "states:ValidateStateMachineDefinition",
    ),
    "`terraform destroy` of a destroyable environment empties its buckets": (
        "s3:DeleteObjectVersion",
        "s3:ListBucketVersions",
    ),
    "the environment's state, gridbid's records, the console's files": ("s3:PutObject",),
    "gridbid: probes, smoke test, messages, redrive, status": (
        "execute-api:Invoke",
        "lambda:GetAccountSettings",
        "lambda:InvokeFunction",
        "sns:Publish",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    ),
    "services that encrypt with the environment's key change the data key": ("kms:ReEncryptFrom", "kms:ReEncryptTo"),
}


class Registry:
    """The schemas of the types in the region of the environments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, str] = json.loads((folder / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))

    @classmethod
    def of_environment(cls, venv: Path) -> "Registry":
        """Reads the schemas that are installed in a virtual environment."""
        [folder] = venv.glob("lib/python*/site-packages/cfnlint/data/schemas")
        return cls(folder)

    def permissions(self, kind: str, handlers: Iterable[str]) -> set[str]:
        """The actions that some handlers of a type call."""
        file = self._folder / "resources" / f"{self._files[f'AWS::{kind}']}.json"
        schema = json.loads(file.read_text(encoding="utf-8"))["handlers"]
        return {action for handler in handlers for action in schema.get(handler, {}).get("permissions", [])}


def ungranted(
    registry: Registry, kinds: Iterable[str], policies: Iterable[Document], *, deletes: bool
) -> dict[str, list[str]]:
    """The actions that the policies of a role do not allow, with those of Terraform's types that need them."""
    handlers = ("create", "read", "update", *(["delete"] if deletes else []))
    # IAM ignores case.
    granted = {action.lower() for action in _granted(policies)}
    missing: dict[str, list[str]] = {}
    for kind in sorted(set(kinds) - WITHOUT_SCHEMA.keys()):
        for action in sorted(registry.permissions(TYPES[kind], handlers)):
            if action.lower() not in granted:
                missing.setdefault(action, []).append(kind)
    return missing


def unneeded(registry: Registry, kinds: Iterable[str], policies: Iterable[Document]) -> set[str]:
    """The actions that the policies of a role allow and no handler of Terraform's types calls."""
    handlers = ("create", "read", "update", "delete")
    known = [TYPES[kind] for kind in kinds if kind not in WITHOUT_SCHEMA]
    needed = {action.lower() for kind in known for action in registry.permissions(kind, handlers)}
    return {action for action in _granted(policies) if action.lower() not in needed}


def _granted(policies: Iterable[Document]) -> set[str]:
    return {
        action
        for policy in policies
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in texts(statement["Action"])
    }


def unexplained(actions: Iterable[str]) -> list[str]:
    """The actions of which no reason says that they are needless."""
    return [action for action in actions if not any(fnmatchcase(action, pattern) for pattern in _patterns())]


def stale(actions: Iterable[str]) -> list[str]:
    """The patterns of the reasons that match none of the actions."""
    every = list(actions)
    return [pattern for pattern in _patterns() if not any(fnmatchcase(action, pattern) for action in every)]


def _patterns() -> list[str]:
    return [pattern for patterns in NEEDLESS.values() for pattern in patterns]
