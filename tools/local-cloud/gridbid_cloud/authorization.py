"""Evaluates IAM policies with MiniStack's evaluator (`AUTH=true`), and records what they allowed and denied.

The access key `test` belongs to the account's root, which may do everything: developer commands use it. A function has
a session of its role. What services do under a role or as themselves, inside MiniStack and without a request, is
evaluated by `invocations`, `mappings`, `pipes` and `integrations` with the functions of this module.

Signatures are not verified, because requests to S3 pass through the simulator of its faults, and requests count as
encrypted, because the buckets deny all others.

`GET /_gridbid/permissions` lists the grants of all roles, whether a call needed them since the start, and the denials;
`DELETE` forgets the denials.
"""

import hashlib
import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.iam_actions import identity_denial_message
from ministack.core.iam_evaluator import AuthError, EvalContext, EvalResult, fnmatch_iam, fnmatch_iam_cs
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc, s3, sts

from gridbid_cloud import conditions
from gridbid_cloud.asgi import Application, Receive, Scope, Send, read_body, respond
from gridbid_cloud.patching import replace

PATH = "/_gridbid/permissions"
MAX_DENIALS = 1000
# The batches of SQS and SNS have no actions of IAM: AWS authorizes them as single calls.
SINGLE = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}

# The grants that allowed a call: role, action and resource, as the policy spells them.
_used: set[tuple[str, str, str]] = set()
_denials: deque[dict[str, str]] = deque(maxlen=MAX_DENIALS)

enforce_request = iam_evaluator.enforce
first_match = iam_evaluator._first_match
register_session = sts.register_session
pin_request_origin = app.pin_request_origin
_registering = threading.Lock()


def patch() -> None:
    """Starts recording, and accepts requests without a valid signature and without TLS."""
    replace(iam_evaluator, "enforce", enforce)
    replace(iam_evaluator, "_first_match", _first_match)
    replace(iam_evaluator, "authenticate", lambda access_key_id, account_id: None)
    replace(app, "pin_request_origin", lambda source_ip, secure_transport: pin_request_origin(source_ip, True))
    replace(sts, "register_session", _register_session)


def enforce(
    access_key_id: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> EvalResult | AuthError | None:
    """Evaluates a call as MiniStack does. Returns None if it is allowed.

    Reading an object that does not exist also needs `s3:ListBucket`, as on AWS, which answers 403 instead of 404
    without it; giving a role to a service also needs `iam:PassRole`.
    """
    action = SINGLE.get(action, action)
    context = {**(service_context or {}), **conditions.of_resource(action, resource_arn)}
    result = enforce_request(access_key_id, action, service, region, resource_arn, context)
    if isinstance(result, EvalResult):
        _record_denial(_role_name(result.principal_arn), action, resource_arn)
    elif result is None and action == "s3:GetObject" and (bucket_arn := _bucket_without(resource_arn)):
        return enforce(access_key_id, "s3:ListBucket", service, region, bucket_arn)
    elif result is None and action != "iam:PassRole" and (passed := conditions.passed_role(action)):
        return enforce(access_key_id, "iam:PassRole", "iam", region, *passed)
    return result


def denial(role_arn: str, action: str, resource_arn: str) -> str | None:
    """Evaluates what a service does under a role. Returns AWS's message if it is denied."""
    # The call that caused it, such as a request to an open HTTP API, may have no credentials.
    anonymous = iam_evaluator._anonymous.set(False)
    try:
        result = iam_evaluator.enforce(
            _session(role_arn), action, action.partition(":")[0], get_region(), resource_arn=resource_arn
        )
    finally:
        iam_evaluator._anonymous.reset(anonymous)
    if result is None:
        return None
    if isinstance(result, AuthError):
        return str(result.message)
    return str(identity_denial_message(action, result.principal_arn, resource_arn, result.decision == "Deny"))


def first_denial(role_arn: str, calls: Iterable[tuple[str, str]]) -> str | None:
    """Evaluates several calls under a role: actions with their resources. Returns the message of the first denied one."""
    reasons = (denial(role_arn, action, resource_arn) for action, resource_arn in calls)
    return next((reason for reason in reasons if reason is not None), None)


def invocation_denial(service: str, function_arn: str, source_arn: str) -> str | None:
    """Evaluates the policy of a function for a service that invokes it. Returns a message if it is denied."""
    action = "lambda:InvokeFunction"
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=function_arn,
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()},
    )
    found = lambda_svc.function_policy_for_arn(function_arn)
    if found is not None:
        result = iam_evaluator.evaluate_resource_policy(found[0], context, service=service)
        if result.decision == "Allow":
            return None
    return service_denial(service, action, function_arn)


def service_denial(service: str, action: str, resource_arn: str) -> str:
    """Records that the policy of a resource denied a service, and returns the message."""
    _record_denial(service, action, resource_arn)
    return (
        f"{service} is not authorized to perform: {action} on resource: {resource_arn} "
        f"because no resource-based policy allows the {action} action"
    )


def serve_permissions(application: Application) -> Application:
    """Wraps an application so that it also serves the grants and the denials."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await application(scope, receive, send)
            return
        await read_body(receive)
        if scope["method"] == "DELETE":
            _denials.clear()
        body = json.dumps({"grants": list(_grants()), "denials": list(_denials)})
        await respond(scope, send, 200, [("content-type", "application/json")], body.encode())

    return serve


def _grants() -> Iterator[dict[str, Any]]:
    """Lists each action on each resource that a policy of a role allows."""
    for (account, role_name), role in iam._roles.to_dict().items():
        documents = dict(role.get("InlinePolicies") or {})
        for arn in role.get("AttachedPolicies", []):
            documents[arn] = iam_evaluator._resolve_managed_policy_document(arn, account)
        for policy, document in documents.items():
            for statement in iam_evaluator.parse_policy_document(document):
                if statement.effect == "Allow":
                    for action in statement.actions:
                        for resource in statement.resources:
                            yield {
                                "role": role_name,
                                "policy": policy,
                                "action": action,
                                "resource": resource,
                                "is_used": (role_name, action, resource) in _used,
                            }


def _first_match(context: Any, statements: list[Any], effect: str) -> Any:
    found = first_match(context, statements, effect)
    if found is not None and effect == "Allow" and context.principal_type == "AssumedRole":
        role = _role_name(context.principal_arn)
        actions = [action for action in found.actions if fnmatch_iam(context.action, action)]
        resources = [resource for resource in found.resources if fnmatch_iam_cs(context.resource_arn, resource)]
        _used.update((role, action, resource) for action in actions for resource in resources)
    return found


def _record_denial(principal: str, action: str, resource_arn: str) -> None:
    _denials.append({"principal": principal, "action": action, "resource": resource_arn})


def _role_name(session_arn: str) -> str:
    return str(iam_evaluator._role_name_from_assumed_arn(session_arn))


def _session(role_arn: str) -> str:
    """Returns the access key of a service's session of a role."""
    access_key = f"ASIA{hashlib.sha256(role_arn.encode()).hexdigest()[:16].upper()}"
    if access_key not in sts._sessions:
        account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        session = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/gridbid",
            "UserId": f"{role}:gridbid",
            "SecretAccessKey": access_key,
            "SessionToken": access_key,
        }
        sts.register_session(access_key, session)
    return access_key


def _register_session(access_key: str, session: dict[str, Any]) -> None:
    """Registers a session. MiniStack iterates over all sessions while other threads add some."""
    with _registering:
        register_session(access_key, session)


def _bucket_without(object_arn: str) -> str | None:
    """Returns the bucket's ARN if an object does not exist."""
    bucket_arn, _, key = object_arn.partition("/")
    bucket = s3._buckets.get(bucket_arn.rpartition(":")[2])
    return None if bucket is None or key in bucket["objects"] else bucket_arn
