"""Invocations of functions: their limits."""

import json

from tests.cloud import SharedCloudTest
from tests.functions import create_python_function


class ReservedConcurrencyTest(SharedCloudTest):
    def test_reserved_concurrency_limits_the_alias(self) -> None:
        client = self.cloud.client("lambda")
        create_python_function(self.cloud, "limited", "def handler(event, context):\n    return 1\n", Publish=True)
        client.create_alias(FunctionName="limited", Name="live", FunctionVersion="1")
        client.put_function_concurrency(FunctionName="limited", ReservedConcurrentExecutions=0)
        with self.assertRaises(client.exceptions.TooManyRequestsException):
            client.invoke(FunctionName="limited", Qualifier="live")

        states = self.cloud.client("stepfunctions")
        function = client.get_function(FunctionName="limited", Qualifier="live")["Configuration"]["FunctionArn"]
        call = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": function},
            "End": True,
        }
        role = self.cloud.role("calls", {"lambda:InvokeFunction": function})
        machine = states.create_state_machine(
            name="calls", definition=json.dumps({"StartAt": "Call", "States": {"Call": call}}), roleArn=role
        )
        execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        self.cloud.wait_until(
            lambda: states.describe_execution(executionArn=execution)["status"] == "FAILED", "the execution fails"
        )
        ended = states.describe_execution(executionArn=execution)
        self.assertEqual(ended["error"], "Lambda.TooManyRequestsException", ended)

        client.delete_function_concurrency(FunctionName="limited")
        self.assertEqual(client.invoke(FunctionName="limited", Qualifier="live")["Payload"].read(), b"1")
