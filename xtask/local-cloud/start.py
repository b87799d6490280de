"""Starts MiniStack, with Lambda's asynchronous invocations as AWS has them.

MiniStack 1.5.33 lets SNS call a function once and forgets a failure, and looks only at the unqualified function's
settings when it retries. On AWS, SNS invokes asynchronously, and the retries and the on-failure destination of the very
alias that was called apply. Two functions are replaced here to that end; everything else is MiniStack's own.
Started by `cargo xtask up` and `cargo xtask test`, never by hand.
"""

from ministack.app import main
from ministack.services import lambda_svc, sns

# A name that is gone in a newer MiniStack must fail here, not in the middle of a test.
retry, _ = lambda_svc.invoke_async_with_retry, sns._deliver_to_lambda


def invoke_async(function: dict, event: dict) -> None:
    """Invokes asynchronously, under the settings of the qualifier in the function's ARN."""
    arn = function["config"]["FunctionArn"]
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)
    account, region = lambda_svc._account_region_from_function_config(function["config"])
    unqualified = lambda_svc._functions.get_scoped(account, region, name)
    settings = lambda_svc._event_invoke_config(unqualified, qualifier)
    retry({**function, "event_invoke_config": settings, "event_invoke_configs": {}}, event)


def deliver_to_lambda(endpoint, envelope, topic_arn, sub_arn, *_ignored) -> None:
    """Hands a notification to a subscribed function."""
    function, config, name = lambda_svc._get_func_record_for_ref(endpoint)
    if not function or not config:
        sns.logger.warning("SNS: there is no function %s", name)
        return
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": sub_arn,
        "EventSource": "aws:sns",
        "Sns": sns.json.loads(envelope),
    }
    invoke_async({**function, "config": {**config, "FunctionArn": endpoint}}, {"Records": [record]})


lambda_svc.invoke_async_with_retry = invoke_async
sns._deliver_to_lambda = deliver_to_lambda

if __name__ == "__main__":
    main()
