"""Snapshots: which calls save, how requests share a save, and the order of state and function code."""

import asyncio
import json
import os
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

# Read when MiniStack is imported.
os.environ.setdefault("STATE_DIR", tempfile.mkdtemp(prefix="gridbid-snapshots-"))

from gridbid_cloud import snapshots
from gridbid_cloud.calls import Call, Errors
from gridbid_cloud.patching import replace
from gridbid_cloud.snapshots import NotSavedError, Snapshots, changes_snapshot
from tests.cloud import CloudTest
from tests.functions import create_python_function, package

ANSWER = "def handler(event, context):\n    return {answer!r}\n"


class CallTest(unittest.TestCase):
    def call(self, method: str = "POST", path: str = "/", target: str = "", action: str = "", key: str = "") -> Call:
        headers = {"x-amz-target": target, "content-type": "application/x-www-form-urlencoded", "authorization": key}
        return Call.parse(method, path, headers, {}, f"Action={action}&Version=1".encode() if action else b"")

    def test_calls_are_named_as_in_the_api_reference(self) -> None:
        json_call = self.call(target="DynamoDB_20120810.PutItem")
        self.assertEqual(json_call, Call("PutItem", is_read=False, errors=Errors.JSON))
        self.assertEqual(self.call(action="CreateRole"), Call("CreateRole", is_read=False, errors=Errors.QUERY))
        rpc = self.call(path="/service/GraniteServiceVersion20100801/operation/PutMetricData")
        self.assertEqual(rpc, Call("PutMetricData", is_read=False, errors=Errors.JSON))
        s3 = self.call("PUT", "/bucket", key="AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request")
        self.assertEqual(s3, Call("PUT", is_read=False, errors=Errors.S3))

    def test_reads_are_recognized(self) -> None:
        for name in ["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems", "ListRoles", "FilterLogEvents"]:
            self.assertTrue(self.call(target=f"Service.{name}").is_read, name)
        for name in ["PutItem", "ReceiveMessage", "Queryable", "GetActivityTask", "TransactWriteItems", "CreateKey"]:
            self.assertFalse(self.call(target=f"Service.{name}").is_read, name)
        self.assertTrue(self.call("GET", "/v2/apis").is_read)
        self.assertFalse(self.call("POST", "/v2/apis").is_read)

    def test_data_calls_do_not_change_snapshots(self) -> None:
        function = "/2015-03-31/functions/orders"
        for service, call, path, is_saved in [
            ("dynamodb", self.call(target="DynamoDB_20120810.PutItem"), "/", False),
            ("dynamodb", self.call(target="DynamoDB_20120810.CreateTable"), "/", True),
            ("sqs", self.call(action="SendMessage"), "/", False),
            ("sns", self.call(action="Subscribe"), "/", True),
            ("lambda_svc", self.call(), f"{function}/invocations", False),
            ("lambda_svc", self.call(), f"{function}/versions", True),
            ("s3", self.call("PUT"), "/bucket/key", False),
            ("s3", self.call("PUT"), "/bucket/", True),
            ("s3", self.call("GET"), "/bucket", False),
        ]:
            self.assertEqual(changes_snapshot(service, call, path), is_saved, (service, call, path))


class GroupTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="gridbid-snapshots-")
        self.addCleanup(folder.cleanup)
        self.state = {"count": 0}
        services = {"iam": lambda: dict(self.state), "ssm": dict}
        for name, value in {"loaded_services": lambda: services, "CodeBlobs": mock.Mock(), "app": mock.Mock()}.items():
            patch = mock.patch.object(snapshots, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.snapshots, self.folder = Snapshots(Path(folder.name)), Path(folder.name)
        self.writes: list[str] = []
        self.may_write = threading.Event()
        self.write = replace_file = snapshots.replace_file

        def write(path: Path, content: bytes) -> None:
            self.writes.append(path.stem)
            self.assertTrue(path.stem == "ssm" or self.may_write.wait(10))
            replace_file(path, content)

        patch = mock.patch.object(snapshots, "replace_file", write)
        patch.start()
        self.addCleanup(patch.stop)

    async def change(self) -> int:
        self.state["count"] += 1
        mine = self.state["count"]
        await self.snapshots.save("iam")
        return json.loads((self.folder / "iam.json").read_text())["payload"]["count"] - mine

    async def test_requests_share_a_save_that_has_all_of_their_changes(self) -> None:
        changes = [asyncio.create_task(self.change())]
        while not self.writes:
            await asyncio.sleep(0)
        changes += [asyncio.create_task(self.change()) for _ in range(20)]
        await asyncio.sleep(0)
        self.may_write.set()
        self.assertGreaterEqual(min(await asyncio.gather(*changes)), 0)
        self.assertEqual(self.writes, ["iam", "iam"])

    async def test_slow_service_does_not_delay_another(self) -> None:
        slow = asyncio.create_task(self.change())
        await asyncio.wait_for(self.snapshots.save("ssm"), 10)
        self.assertFalse(slow.done())
        self.may_write.set()
        await slow

    async def test_error_reaches_each_request(self) -> None:
        self.may_write.set()
        with mock.patch.object(snapshots, "replace_file", side_effect=OSError(28, "No space left on device")):
            results = await asyncio.gather(*(self.change() for _ in range(3)), return_exceptions=True)
        self.assertEqual([type(result) for result in results], [NotSavedError] * 3)
        self.assertRegex(str(results[0]), "`iam` cannot be saved: .*No space left on device")
        self.assertEqual(await self.change(), 0)


class CodeTest(CloudTest):
    def test_code_of_a_function_stays_until_its_successor_is_saved(self) -> None:
        self.cloud.start()
        client = self.cloud.client("lambda")
        create_python_function(self.cloud, "orders", ANSWER.format(answer="first"))
        saved = self.cloud.folder / "data/state/lambda.json"
        aside = saved.with_suffix(".aside")
        saved.rename(aside)
        saved.mkdir()
        with self.assertRaises(client.exceptions.ClientError):
            code = package("index.py", ANSWER.format(answer="second"))
            client.update_function_code(FunctionName="orders", ZipFile=code)
        self.cloud.kill()
        saved.rmdir()
        aside.rename(saved)
        self.cloud.start()
        self.assertEqual(json.load(client.invoke(FunctionName="orders")["Payload"]), "first")

    def test_functions_survive_a_kill(self) -> None:
        self.cloud.start()
        client = self.cloud.client("lambda")
        create_python_function(self.cloud, "orders", ANSWER.format(answer="kept"))
        client.publish_version(FunctionName="orders")
        client.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
        self.cloud.restart_after_kill()
        self.assertEqual(json.load(client.invoke(FunctionName="orders", Qualifier="live")["Payload"]), "kept")


class PatchingTest(unittest.TestCase):
    def test_missing_attribute_fails_at_the_start(self) -> None:
        with self.assertRaisesRegex(AttributeError, "`gridbid_cloud.snapshots` has no `_gone`"):
            replace(snapshots, "_gone", None)
