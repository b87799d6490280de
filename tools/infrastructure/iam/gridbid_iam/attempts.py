"""What roles can do under their boundary: AWS's decision within one account, by MiniStack's IAM evaluator."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_trust_policy, parse_policy_document

from gridbid_iam.fit import texts
from gridbid_iam.plans import Document, Role

ACCOUNT = "123456789012"
REGION = "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"

# A policy that a compromised deployment could give to a role of its environment.
EVERYTHING: Document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Request:
    """A call of AWS, with the values of its condition keys."""

    action: str
    resource: str
    keys: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        keys = f" with {self.keys}" if self.keys else ""
        return f"{self.action} on {self.resource}{keys}"


@dataclass(frozen=True)
class Target:
    """An environment whose resources are attempted."""

    name: str
    key_arn: str
    api_id: str
    domain: str | None = None


def is_allowed(request: Request, identity: list[Document], boundary: Document | None) -> bool:
    """Whether the identity's policies allow a request and, if there is one, the boundary does, too."""
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/attempt/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=request.action,
        resource_arn=request.resource,
        region=REGION,
        service_context={key.lower(): value for key, value in request.keys.items()},
    )
    limits = [] if boundary is None else [[parse_policy_document(boundary)]]
    return bool(
        evaluate(context, [parse_policy_document(document) for document in identity], *limits).decision == "Allow"
    )


def on_environment(target: Target) -> Iterator[Request]:
    """Reads, changes and uses of an environment's resources."""
    name = f"gridbid-{target.name}"
    results = f"arn:aws:s3:::{name}-order-results-{ACCOUNT}"
    function = f"arn:aws:lambda:{HERE}:function:{name}-orders-api"
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}-orders-api"
    bounded = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/{name}-boundary"}
    yield Request(
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:gridbid/{target.name}/slack-webhook-AbCdEf",
    )
    yield Request(
        "secretsmanager:PutSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:gridbid/{target.name}/slack-webhook-AbCdEf",
    )
    yield Request("lambda:UpdateFunctionCode", function)
    yield Request("lambda:UpdateAlias", function)
    yield Request("lambda:InvokeFunction", f"{function}:live")
    yield Request(
        "lambda:UpdateEventSourceMapping",
        f"arn:aws:lambda:{HERE}:event-source-mapping:m",
        {"lambda:FunctionArn": f"{function}:live"},
    )
    yield Request("s3:PutBucketPolicy", results)
    yield Request("s3:GetObject", f"{results}/results/2026-11-22/a.json")
    yield Request("s3:PutObject", f"{results}/results/2026-11-22/a.json")
    yield Request("s3:GetObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/{target.name}/terraform.tfstate")
    yield Request("s3:PutObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/{target.name}/terraform.tfstate")
    yield Request("s3:PutObject", f"arn:aws:s3:::gridbid-artifacts-{ACCOUNT}/deployments/{target.name}/1.json")
    yield Request("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:{target.api_id}/$default/POST/orders")
    yield Request("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/apis/{target.api_id}/stages/$default")
    yield Request("apigateway:DELETE", f"arn:aws:apigateway:{REGION}::/apis/{target.api_id}")
    yield Request("iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"})
    yield Request("iam:PutRolePolicy", role, bounded)
    yield Request("iam:UpdateAssumeRolePolicy", role)
    yield Request("kms:Decrypt", target.key_arn)
    yield Request("dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/{name}-orders")
    yield Request("dynamodb:DeleteTable", f"arn:aws:dynamodb:{HERE}:table/{name}-orders")
    yield Request("sns:Publish", f"arn:aws:sns:{HERE}:{name}-notifications")
    yield Request("sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:{name}-submission")
    yield Request("states:StartExecution", f"arn:aws:states:{HERE}:stateMachine:{name}-results-run")
    yield Request(
        "scheduler:UpdateSchedule", f"arn:aws:scheduler:{HERE}:schedule/{name}-results-run/{name}-results-run"
    )
    yield Request("logs:FilterLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/{name}-orders-api:log-stream:s")
    yield Request("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:{name}-api-errors")
    yield Request("codedeploy:CreateDeployment", f"arn:aws:codedeploy:{HERE}:deploymentgroup:{name}-orders-api/live")
    distribution, tag = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", {"aws:ResourceTag/Environment": target.name}
    yield Request("cloudfront:UpdateDistribution", distribution, tag)
    yield Request("cloudfront:DeleteDistribution", distribution, tag)
    yield Request("cloudfront:TagResource", distribution, tag)
    yield Request("cloudfront:UpdateFunction", f"arn:aws:cloudfront::{ACCOUNT}:function/{name}-console-strip-prefix")
    yield Request("s3:PutObject", f"arn:aws:s3:::{name}-console-{ACCOUNT}/index.html")


def on_account(own: str, other: str) -> Iterator[Request]:
    """Ways out of the boundary of `own`, and changes of the account's resources."""
    role = f"arn:aws:iam::{ACCOUNT}:role/gridbid-{own}-new"
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/gridbid-{own}-boundary"
    deployer = f"arn:aws:iam::{ACCOUNT}:role/gridbid-delivery-{own}"
    yield Request("iam:CreateRole", role)
    yield Request(
        "iam:CreateRole", role, {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/gridbid-{other}-boundary"}
    )
    yield Request("iam:PutRolePolicy", role)
    yield Request(
        "iam:PutRolePermissionsBoundary",
        role,
        {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/gridbid-{other}-boundary"},
    )
    yield Request("iam:DeleteRolePermissionsBoundary", role)
    yield Request("iam:CreatePolicyVersion", boundary)
    yield Request("iam:DeletePolicy", boundary)
    yield Request("iam:AttachRolePolicy", role)
    yield Request("iam:PutRolePolicy", deployer, {"iam:PermissionsBoundary": boundary})
    yield Request("iam:UpdateAssumeRolePolicy", deployer)
    yield Request("iam:PassRole", deployer, {"iam:PassedToService": "lambda.amazonaws.com"})
    yield Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/gridbid-delivery-{other}")
    yield Request("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/somebody")
    yield Request("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/somebody")
    yield Request("s3:PutBucketPolicy", f"arn:aws:s3:::gridbid-state-{ACCOUNT}")
    yield Request("s3:PutBucketPolicy", f"arn:aws:s3:::gridbid-artifacts-{ACCOUNT}")
    yield Request("s3:GetObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/bootstrap/terraform.tfstate")
    yield Request("s3:PutObject", f"arn:aws:s3:::gridbid-artifacts-{ACCOUNT}/functions/orders-api/0.zip")
    yield Request("s3:DeleteObject", f"arn:aws:s3:::gridbid-artifacts-{ACCOUNT}/releases/1.json")
    yield Request("kms:ScheduleKeyDeletion", f"arn:aws:kms:{HERE}:key/0000000d-0000-0000-0000-000000000000")
    yield Request("kms:PutKeyPolicy", f"arn:aws:kms:{HERE}:key/0000000d-0000-0000-0000-000000000000")


def on_retained(target: Target) -> Iterator[Request]:
    """Deletions of an environment's results, which Object Lock or versions must survive."""
    results = f"arn:aws:s3:::gridbid-{target.name}-order-results-{ACCOUNT}/results/2026-11-22/a.json"
    yield Request("s3:DeleteObjectVersion", results)
    yield Request("s3:BypassGovernanceRetention", results)


def needed_to_deploy(own: Target) -> Iterator[Request]:
    """Calls of Terraform and `gridbid` in a deployment."""
    name = f"gridbid-{own.name}"
    function = f"arn:aws:lambda:{HERE}:function:{name}-orders-api"
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}-orders-api"
    bounded = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/{name}-boundary"}
    apis = f"arn:aws:apigateway:{REGION}::/apis"
    yield Request("lambda:CreateFunction", function)
    yield Request("lambda:UpdateAlias", function)
    yield Request("lambda:InvokeFunction", f"{function}:2")
    yield Request("lambda:CreateEventSourceMapping", "*", {"lambda:FunctionArn": f"{function}:live"})
    yield Request("iam:CreateRole", role, bounded)
    yield Request("iam:PutRolePolicy", role, bounded)
    yield Request("iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"})
    yield Request("apigateway:POST", apis)
    yield Request("apigateway:POST", f"{apis}/{own.api_id}/routes")
    yield Request("apigateway:TagResource", f"{apis}/{own.api_id}/stages")
    if own.domain is not None:
        domains = f"arn:aws:apigateway:{REGION}::/domainnames"
        yield Request("apigateway:POST", domains)
        yield Request("apigateway:TagResource", domains)
        yield Request("apigateway:POST", f"{domains}/{own.domain}/apimappings")
    yield Request(
        "apigateway:PUT",
        f"arn:aws:apigateway:{REGION}::/tags/arn%3Aaws%3Aapigateway%3A{REGION}%3A%3A%2Fapis%2F{own.api_id}",
    )
    yield Request("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:{own.api_id}/$default/POST/orders")
    yield Request("kms:DescribeKey", own.key_arn)
    yield Request("kms:CreateGrant", own.key_arn, {"kms:GrantIsForAWSResource": "true"})
    yield Request("kms:GenerateDataKey", own.key_arn)
    yield Request("dynamodb:CreateTable", f"arn:aws:dynamodb:{HERE}:table/{name}-orders")
    yield Request("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/{name}-runs/index/open_slots")
    yield Request("s3:PutBucketPolicy", f"arn:aws:s3:::{name}-order-results-{ACCOUNT}")
    yield Request("s3:GetObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/{own.name}/terraform.tfstate")
    yield Request("s3:PutObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/{own.name}/terraform.tfstate")
    yield Request("s3:DeleteObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/{own.name}/terraform.tfstate.tflock")
    yield Request("s3:GetObject", f"arn:aws:s3:::gridbid-artifacts-{ACCOUNT}/functions/orders-api/0.zip")
    yield Request("s3:PutObject", f"arn:aws:s3:::gridbid-artifacts-{ACCOUNT}/deployments/{own.name}/1.json")
    yield Request("states:UpdateStateMachine", f"arn:aws:states:{HERE}:stateMachine:{name}-results-run")
    yield Request("states:ValidateStateMachineDefinition", "*")
    yield Request("codedeploy:CreateDeployment", f"arn:aws:codedeploy:{HERE}:deploymentgroup:{name}-orders-api/live")
    yield Request("codedeploy:StopDeployment", "*")
    yield Request("cloudwatch:DescribeAlarms", "*")
    yield Request("lambda:GetAccountSettings", "*")


def needed_to_plan(own: Target) -> Iterator[Request]:
    """Calls of `terraform plan`."""
    yield Request("s3:GetObject", f"arn:aws:s3:::gridbid-state-{ACCOUNT}/{own.name}/terraform.tfstate")
    yield Request("lambda:GetFunction", f"arn:aws:lambda:{HERE}:function:gridbid-{own.name}-orders-api")
    yield Request("apigateway:GET", f"arn:aws:apigateway:{REGION}::/apis/{own.api_id}/routes/r")
    yield Request("kms:DescribeKey", own.key_arn)
    yield Request("kms:Decrypt", own.key_arn, {"kms:ViaService": f"states.{REGION}.amazonaws.com"})
    yield Request("cloudwatch:DescribeAlarms", "*")


def granted(document: Document) -> Iterator[Request]:
    """One request for each action and resource that a policy allows, with the values that its conditions ask for."""
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        # `Null` asks for keys that are absent.
        blocks = [block for operator, block in statement.get("Condition", {}).items() if operator != "Null"]
        keys = {key: _example(value) for block in blocks for key, value in block.items()}
        for action in texts(statement["Action"]):
            for resource in texts(statement["Resource"]):
                yield Request(action, resource if resource == "*" else resource.replace("*", "x"), keys)


def _example(value: Any) -> str:
    return texts(value)[0].replace("*", "x")


@dataclass(frozen=True)
class Token:
    """The claims of a token that GitHub issued to a job."""

    sub: str
    ref: str = "refs/heads/main"
    repository_id: str = "456789"
    aud: str = "sts.amazonaws.com"

    def assumes(self, role: Role) -> bool:
        """Whether a job with this token can assume a role."""
        issuer = "token.actions.githubusercontent.com"
        claims = {"sub": self.sub, "ref": self.ref, "repository_id": self.repository_id, "aud": self.aud}
        context = EvalContext(
            principal_arn="",
            principal_type="FederatedUser",
            principal_account=ACCOUNT,
            action="sts:AssumeRoleWithWebIdentity",
            resource_arn="*",
            region=REGION,
            service_context={f"{issuer}:{claim}": value for claim, value in claims.items()},
        )
        return bool(evaluate_trust_policy(role.trust, f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}", context))


NAMES = "repo:example/gridbid"
IDS = "repo:example@123456/gridbid@456789"


def accepted_tokens(role: str) -> list[Token]:
    """The tokens of the jobs that a role is for, with and without IDs in their subject."""
    if role.startswith("plan-"):
        return [Token(f"{subject}:pull_request", ref="refs/pull/1/merge") for subject in (NAMES, IDS)]
    return [Token(f"{subject}:environment:{role}") for subject in (NAMES, IDS)]


def refused_tokens(role: str) -> list[Token]:
    """Tokens of other repositories, branches, environments, events and audiences."""
    context = accepted_tokens(role)[0].sub.removeprefix(f"{NAMES}:")
    ref = accepted_tokens(role)[0].ref
    tokens = [
        Token(f"repo:somebody/gridbid:{context}", ref=ref),
        Token(f"repo:example/gridbid-2:{context}", ref=ref),
        Token(f"repo:example@123456/gridbid@1:{context}", ref=ref),
        Token(f"repo:example@1/gridbid@456789:{context}", ref=ref),
        # The name of a deleted repository, taken by somebody else.
        Token(f"{NAMES}:{context}", ref=ref, repository_id="1"),
        Token(f"{NAMES}:{context}", ref=ref, aud="https://github.com/example"),
        Token(f"{NAMES}:environment:other", ref=ref),
        Token(f"{NAMES}:ref:refs/heads/feature", ref="refs/heads/feature"),
        Token(f"{NAMES}:ref:refs/heads/main"),
    ]
    if not role.startswith("plan-"):
        tokens += [
            Token(f"{IDS}:{context}", ref="refs/heads/feature"),
            Token(f"{NAMES}:{context}", ref="refs/tags/main"),
            Token(f"{NAMES}:pull_request", ref="refs/pull/1/merge"),
        ]
    return tokens
