"""Adds what deployments need to IAM's evaluation: condition keys, resources, actions, and `iam:PassRole`.

MiniStack 1.5.33 knows neither the boundary of a role (`iam:PermissionsBoundary`) nor the function of an event source
mapping (`lambda:FunctionArn`), of a web identity's token only three claims, and not the resource of a new function, a
rule's targets, a schedule in a group, and some tags. It takes calls of aliases and of settings of functions for other
actions, allows calls that it does not know, and lets every caller give any role to a service.
"""

import json
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_actions
from ministack.services import cognito, iam, lambda_svc, sts

from gridbid_cloud.patching import replace

BOUNDARY = "iam:PermissionsBoundary"
FUNCTION = "lambda:FunctionArn"
# Where a request has the role that the service gets, by the service.
PASSED_ROLES = {
    "lambda": ("Role",),
    "pipes": ("RoleArn",),
    "scheduler": ("Target", "RoleArn"),
    "states": ("roleArn",),
}

request_tag_context = iam_actions.request_tag_context
extract_iam_action = iam_actions.extract_iam_action
extract_resource_arn = iam_actions.extract_resource_arn
web_identity_principal = sts._web_identity_principal

# The role that the current request passes, if any.
_passed: ContextVar[str | None] = ContextVar("gridbid_passed_role", default=None)


def patch() -> None:
    """Adds the keys, resources and actions of requests, and the claims of tokens."""
    iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]
    replace(iam_actions, "_lambda_action", _lambda_action)
    replace(iam_actions, "extract_iam_action", _action)
    replace(iam_actions, "request_tag_context", _of_request)
    replace(iam_actions, "extract_resource_arn", _resource_arn)
    replace(sts, "_web_identity_principal", _principal)


def of_resource(action: str, resource_arn: str) -> dict[str, str]:
    """Returns the condition keys that an existing resource adds to a call.

    A change of a role's boundary is evaluated with the boundary that it asks for.
    """
    name = resource_arn.rpartition("/")[2]
    if action == "iam:PutRolePermissionsBoundary":
        return {}
    if action.startswith("iam:") and ":role/" in resource_arn:
        boundary = (iam._roles.get(name) or {}).get("PermissionsBoundary")
        return {BOUNDARY: boundary} if boundary else {}
    mapping = lambda_svc._esms.get(resource_arn.rpartition(":")[2])
    return {FUNCTION: mapping["FunctionArn"]} if mapping and ":event-source-mapping:" in resource_arn else {}


def passed_role(action: str) -> tuple[str, dict[str, str]] | None:
    """Returns the role that a call passes to a service, with the condition keys of `iam:PassRole`."""
    role_arn = _passed.get()
    service = action.partition(":")[0]
    return None if role_arn is None else (role_arn, {"iam:PassedToService": f"{service}.amazonaws.com"})


def _lambda_action(method: str, path: str) -> str | None:
    if path.endswith("/invocations"):
        return "InvokeFunction"
    action: str | None = iam_actions._match_rest_action("lambda", method, path, {})
    return action


def _action(service: str, method: str, path: str, *request: Any) -> str:
    """Returns the action of a request. One that is unknown has a name that no policy allows."""
    action = extract_iam_action(service, method, path, *request)
    return action or f"{service}:Unknown ({method} {path})"


def _of_request(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = request_tag_context(service, action, body, parameters)
    _passed.set(_role_in(action, body))
    if action in ("iam:CreateRole", "iam:PutRolePermissionsBoundary") and (
        given := parameters.get("PermissionsBoundary")
    ):
        context[BOUNDARY] = given[0] if isinstance(given, list) else given
    elif action == "lambda:CreateEventSourceMapping":
        context[FUNCTION] = json.loads(body)["FunctionName"]
    return context


def _resource_arn(
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    parameters: dict[str, Any],
    region: str,
    account: str,
) -> str:
    found: str = extract_resource_arn(service, method, path, headers, body, parameters, region, account)
    if service == "events" and (rule := iam_actions._param(body, parameters, "Rule")):
        return f"arn:aws:events:{region}:{account}:rule/{rule}"
    if service == "scheduler" and (group := iam_actions._param(body, parameters, "GroupName", "groupName")):
        return found.replace(":schedule/default/", f":schedule/{group}/")
    if found != "*":
        # The ARN of a rule on the default bus does not name the bus.
        return found.replace(":rule/default/", ":rule/")
    if service == "lambda" and path.endswith("/functions") and method == "POST":
        return f"arn:aws:lambda:{region}:{account}:function:{json.loads(body)['FunctionName']}"
    # The tags of a resource are named by its ARN.
    if path.startswith("/tags/"):
        return unquote(path.removeprefix("/tags/"))
    return str(iam_actions._param(body, parameters, "ResourceArn", "ResourceARN", "resourceArn") or "*")


def _role_in(action: str, body: bytes) -> str | None:
    service, _, name = action.partition(":")
    if service not in PASSED_ROLES or not name.startswith(("Create", "Update")):
        return None
    value: Any = json.loads(body or b"{}")
    for key in PASSED_ROLES[service]:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _principal(token: str, provider_id: str, role_arn: str) -> tuple[str, dict[str, Any]]:
    principal, _ = web_identity_principal(token, provider_id, role_arn)
    issuer = principal.partition(":oidc-provider/")[2]
    claims = cognito._decode_id_token_unverified(token)
    return principal, {f"{issuer}:{name}".lower(): value for name, value in claims.items()}
