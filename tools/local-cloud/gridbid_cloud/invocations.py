"""Gives Lambda's invocations the limits, retries, destinations and permissions that AWS gives them.

On AWS, SNS invokes functions asynchronously, with the retries and the on-failure destination of the invoked alias.
MiniStack 1.5.33 lets SNS invoke a function once and drops failures, and its retries use the settings of the unqualified
function. A function's reserved concurrency limits its versions and aliases too, and a state machine sees
`Lambda.TooManyRequestsException`; MiniStack limits only the unqualified function, and reports `Lambda.Unknown`.

Logs and destinations need a grant of the function's role, SNS one of the function's policy; MiniStack checks neither.
"""

import logging
from typing import Any

from ministack import app
from ministack.services import lambda_svc, sns

from gridbid_cloud import authorization
from gridbid_cloud.patching import replace

stepfunctions = app._get_module("stepfunctions")

logger = logging.getLogger("gridbid.invocations")

invoke_with_retry = lambda_svc.invoke_async_with_retry
reserved_concurrency = lambda_svc._reserved_concurrency
call_function = stepfunctions._call_lambda
write_logs = lambda_svc._emit_lambda_logs
send_to_destination = lambda_svc._route_async_failure


def patch() -> None:
    """Replaces MiniStack's delivery to functions, and their limits."""
    replace(lambda_svc, "_reserved_concurrency", limit)
    replace(stepfunctions, "_call_lambda", call)
    replace(lambda_svc, "invoke_async_with_retry", invoke)
    replace(sns, "_deliver_to_lambda", deliver)
    replace(lambda_svc, "_emit_lambda_logs", log)
    replace(lambda_svc, "_route_async_failure", send_failure)


def limit(_qualified: dict[str, Any], config: dict[str, Any]) -> int | None:
    """Returns the reserved concurrency of a function, whatever its qualifier."""
    account, region = lambda_svc._account_region_from_function_config(config)
    function = lambda_svc._functions.get_scoped(account, region, config["FunctionName"])
    reserved: int | None = reserved_concurrency(function, config)
    return reserved


def call(function: str, event: Any) -> Any:
    """Invokes a function from a state machine."""
    try:
        return call_function(function, event)
    except stepfunctions._ExecutionError as failure:
        if failure.error == "Lambda.Unknown" and '"__type": "TooManyRequestsException"' in failure.cause:
            raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", failure.cause) from None
        raise


def invoke(function: dict[str, Any], event: dict[str, Any]) -> None:
    """Invokes asynchronously, with the settings of the qualifier in the function's ARN."""
    arn = function["config"]["FunctionArn"]
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)
    account, region = lambda_svc._account_region_from_function_config(function["config"])
    unqualified = lambda_svc._functions.get_scoped(account, region, name)
    settings = lambda_svc._event_invoke_config(unqualified, qualifier)
    invoke_with_retry({**function, "event_invoke_config": settings, "event_invoke_configs": {}}, event)


def deliver(endpoint: str, envelope: str, topic_arn: str, subscription_arn: str, *_details: Any) -> None:
    """Delivers a notification to a subscribed function."""
    function, config, name = lambda_svc._get_func_record_for_ref(endpoint)
    if not function or not config:
        sns.logger.warning("SNS: unknown function %s", name)
        return
    if reason := authorization.invocation_denial("sns.amazonaws.com", endpoint, topic_arn):
        logger.warning("a notification is not delivered: %s", reason)
        return
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "EventSource": "aws:sns",
        "Sns": sns.json.loads(envelope),
    }
    invoke({**function, "config": {**config, "FunctionArn": endpoint}}, {"Records": [record]})


def log(function: dict[str, Any], *details: Any, **options: Any) -> None:
    """Writes the lines of an invocation if the function's role allows it."""
    config = function.get("config") or function
    account, region = lambda_svc._account_region_from_function_config(config)
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:[{config['Version']}]"
    calls = [(action, stream) for action in ("logs:CreateLogStream", "logs:PutLogEvents")]
    if reason := authorization.first_denial(config["Role"], calls):
        logger.warning("%s logs nothing: %s", config["FunctionName"], reason)
        return
    write_logs(function, *details, **options)


def send_failure(target_arn: str, name: str, event: dict[str, Any], result: dict[str, Any]) -> None:
    """Sends a failed event to the function's destination, a queue, if its role allows it."""
    role = lambda_svc._functions[name]["config"]["Role"]
    if reason := authorization.denial(role, "sqs:SendMessage", target_arn):
        logger.warning("%s loses a failed event: %s", name, reason)
        return
    send_to_destination(target_arn, name, event, result)
