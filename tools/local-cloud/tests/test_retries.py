"""Lost responses: a retry of a change gets the first response."""

import asyncio
import json
import socket
import unittest
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from gridbid_cloud import retries
from gridbid_cloud.asgi import Message, Receive, Scope, Send, respond
from gridbid_cloud.calls import Call, Errors
from gridbid_cloud.retries import Recorded, Responses, replay_responses
from tests.cloud import REGION, ROLE, Response, SharedCloudTest, create_table


class LostResponseTest(SharedCloudTest):
    def head(self, invocation: str, attempt: int, service: str, **headers: str) -> dict[str, str]:
        scope = f"Credential=test/20260101/{REGION}/{service}/aws4_request"
        return {
            "Host": f"127.0.0.1:{self.cloud.port}",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
            "amz-sdk-invocation-id": invocation,
            "amz-sdk-request": f"attempt={attempt}; max=25",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    def lose(self, headers: dict[str, str], body: bytes) -> None:
        """Sends a request and closes the connection before the response."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection(("127.0.0.1", self.cloud.port)) as connection:
            head = f"POST / HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    def create_role(self, name: str, invocation: str) -> Response:
        """Creates a role, loses the response, and retries."""
        form = {"Action": "CreateRole", "Version": "2010-05-08", **ROLE, "RoleName": name}
        body = urlencode(form).encode()
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        self.lose(self.head(invocation, 1, "iam", **kind), body)
        iam = self.cloud.client("iam")
        self.cloud.wait_until(
            lambda: name in [role["RoleName"] for role in iam.list_roles()["Roles"]], "the role is created"
        )
        return self.cloud.request("POST", "/", self.head(invocation, 2, "iam", **kind), body)

    def test_role_whose_response_was_lost_is_created_once(self) -> None:
        response = self.create_role("lost", "11111111-1111-1111-1111-111111111111")
        self.assertEqual(response.status, 200, response.text)
        self.assertIn("<RoleName>lost</RoleName>", response.text)

    def test_role_of_another_call_exists_already(self) -> None:
        self.create_role("taken", "22222222-2222-2222-2222-222222222222")
        response = self.create_role("taken", "33333333-3333-3333-3333-333333333333")
        self.assertEqual(response.status, 409)
        self.assertIn("EntityAlreadyExists", response.text)

    def test_update_whose_response_was_lost_is_made_once(self) -> None:
        dynamodb = self.cloud.client("dynamodb")
        create_table(dynamodb, "counters")
        update = {
            "TableName": "counters",
            "Key": {"id": {"S": "one"}},
            "UpdateExpression": "ADD amount :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        body = json.dumps(update).encode()
        kind = {"X_Amz_Target": "DynamoDB_20120810.UpdateItem", "Content_Type": "application/x-amz-json-1.0"}
        read = {"TableName": "counters", "Key": update["Key"], "ConsistentRead": True}
        self.lose(self.head("update", 1, "dynamodb", **kind), body)
        self.cloud.wait_until(lambda: "Item" in dynamodb.get_item(**read), "the item is updated")
        self.assertEqual(self.cloud.request("POST", "/", self.head("update", 2, "dynamodb", **kind), body).status, 200)
        self.assertEqual(dynamodb.get_item(**read)["Item"]["amount"], {"N": "1"})

    def test_sdk_sends_an_invocation_id(self) -> None:
        iam = self.cloud.client("iam")
        seen: list[Any] = []
        iam.meta.events.register("before-send.iam", lambda request, **_: seen.append(request.headers))
        iam.list_roles()
        self.assertIn("amz-sdk-invocation-id", {name.lower() for name in seen[0]})


class ReplayTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.calls = 0
        self.status = 200
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.app = replay_responses(self.count)

    async def count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        call = self.calls
        await self.may_answer.wait()
        await respond(scope, send, self.status, [("x-call", str(call))], b"body")

    async def call(
        self, invocation: bytes | None = b"id", *, is_read: bool = False, name: str = "CreateRole"
    ) -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        headers = [] if invocation is None else [(b"amz-sdk-invocation-id", invocation)]
        call = Call(name, is_read, Errors.JSON)
        await self.app({"type": "http", "method": "POST", "path": "/", "headers": headers, "call": call}, receive, send)
        return sent

    async def test_second_request_gets_the_first_response(self) -> None:
        self.assertEqual(await self.call(), await self.call())
        self.assertEqual(self.calls, 1)

    async def test_second_request_waits_for_the_first(self) -> None:
        self.may_answer.clear()
        first, second = asyncio.create_task(self.call()), asyncio.create_task(self.call())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.may_answer.set()
        self.assertEqual(await first, await second)
        self.assertEqual(self.calls, 1)

    async def test_errors_reads_other_calls_and_requests_without_an_id_are_not_replayed(self) -> None:
        self.status = 503
        await self.call()
        self.status = 200
        await self.call()
        await self.call(name="DeleteRole")
        for _ in range(2):
            await self.call(b"read", is_read=True)
            await self.call(None)
        self.assertEqual(self.calls, 7)

    async def test_second_request_runs_when_the_first_failed(self) -> None:
        async def break_off(_scope: Scope, _receive: Receive, _send: Send) -> None:
            self.calls += 1

        self.app = replay_responses(break_off)
        await self.call()
        await self.call()
        self.assertEqual(self.calls, 2)

    async def test_large_responses_are_not_recorded(self) -> None:
        with mock.patch.object(retries, "MAX_RESPONSE_BYTES", 3):
            await self.call()
        await self.call()
        self.assertEqual(self.calls, 2)


class ResponsesTest(unittest.TestCase):
    def key(self, number: int) -> retries.Key:
        return (str(number).encode(), "POST", "/", "CreateRole")

    def test_oldest_responses_are_evicted(self) -> None:
        responses = Responses()
        size = retries.MAX_BYTES // 10
        for number in range(20):
            responses.add(self.key(number), Recorded(200, [], b"x" * size, retries.time.monotonic()))
        kept = [number for number in range(20) if responses.find(self.key(number))]
        self.assertEqual(kept, list(range(11, 20)))

    def test_old_responses_expire(self) -> None:
        responses = Responses()
        responses.add(self.key(1), Recorded(200, [], b"", retries.time.monotonic()))
        with mock.patch.object(retries, "MAX_AGE_SECONDS", -1.0):
            self.assertIsNone(responses.find(self.key(1)))
