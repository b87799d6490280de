"""Evaluates the policies that apply to state machines, schedules, event rules and HTTP APIs.

A state machine acts under its role, a schedule under that of its target. An event rule and an HTTP API act as services,
which the policies of topics and functions admit. MiniStack makes these calls as the account's root.
"""

import json
import logging
import re
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core.iam_actions import dynamodb_resource_arns
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway, eventbridge, sns

from gridbid_cloud import authorization
from gridbid_cloud.calls import Response
from gridbid_cloud.patching import replace

stepfunctions = app._get_module("stepfunctions")

logger = logging.getLogger("gridbid.integrations")

LAMBDA = "arn:aws:states:::lambda:invoke"
DYNAMODB = re.compile(r"arn:aws:states:::(aws-sdk:)?dynamodb:(\w+)")

run_execution = stepfunctions._run_execution
invoke_resource = stepfunctions._invoke_resource
invoke_target = eventbridge._invoke_target
invoke_function = apigateway._invoke_lambda_proxy

# The role of the execution that a thread runs.
_role: ContextVar[str] = ContextVar("gridbid_state_machine_role")


def patch() -> None:
    """Replaces the calls of MiniStack's services."""
    replace(stepfunctions, "_run_execution", _run)
    replace(stepfunctions, "_invoke_resource", _invoke)
    replace(eventbridge, "_invoke_target", _deliver)
    replace(apigateway, "_invoke_lambda_proxy", _serve)


def _run(execution_arn: str) -> None:
    execution = stepfunctions._executions.get(execution_arn) or {}
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn"))
    if machine is not None:
        _role.set(machine["roleArn"])
    run_execution(execution_arn)


def _invoke(resource: str, arguments: Any) -> Any:
    """Carries out a task if the state machine's role allows it. The errors are named as on AWS."""
    if resource == LAMBDA:
        action, target, error = "lambda:InvokeFunction", arguments["FunctionName"], "Lambda.AWSLambdaException"
    elif call := DYNAMODB.fullmatch(resource):
        action = f"dynamodb:{call[2][0].upper()}{call[2][1:]}"
        body = json.dumps(arguments).encode()
        target = next(iter(dynamodb_resource_arns(body, get_region(), get_account_id())), "*")
        error = "DynamoDb.DynamoDbException" if call[1] else "DynamoDB.AmazonDynamoDBException"
    else:
        raise stepfunctions._ExecutionError(
            "States.Runtime", f"the local cloud evaluates no policy for {resource}: add it to integrations.py"
        )
    reason = authorization.denial(_role.get(), action, target)
    if reason is not None:
        raise stepfunctions._ExecutionError(error, reason)
    return invoke_resource(resource, arguments)


def _deliver(target: dict[str, Any], event: dict[str, Any], source: dict[str, Any], *view: Any) -> None:
    """Delivers an event of a rule or a schedule if a policy allows it."""
    reason = _target_denial(target, source["Arn"])
    if reason is None:
        invoke_target(target, event, source, *view)
    else:
        logger.warning("%s invokes no target: %s", source["Arn"], reason)


def _target_denial(target: dict[str, Any], source_arn: str) -> str | None:
    arn, service = target["Arn"], target["Arn"].split(":")[2]
    if service == "states":
        return authorization.denial(target["RoleArn"], "states:StartExecution", arn)
    if service == "sns" and not sns.topic_policy_allows(arn, "events.amazonaws.com", source_arn, get_account_id()):
        return authorization.service_denial("events.amazonaws.com", "sns:Publish", arn)
    return None


async def _serve(
    integration: dict[str, Any],
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: Any,
    body: Any,
    query: Any,
    route_key: str = "$default",
    *request: Any,
    **details: Any,
) -> Response:
    """Invokes the function of an HTTP API's route if the function's policy allows it."""
    function = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    # Of the route, not of the request: `GET /orders/{record_id}` is `GET/orders/{record_id}`.
    route = route_key.replace(" ", "", 1)
    source = f"arn:aws:execute-api:{get_region()}:{get_account_id()}:{api_id}/{stage}/{route}"
    reason = authorization.invocation_denial("apigateway.amazonaws.com", function, source)
    if reason is not None:
        logger.warning("the API %s answers 500: %s", api_id, reason)
        return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'
    response: Response = await invoke_function(
        integration, api_id, stage, path, method, headers, body, query, route_key, *request, **details
    )
    return response
