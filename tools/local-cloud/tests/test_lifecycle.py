"""Lifecycle of the process: its reports at the start and the stop, and when it exits."""

import functools
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from gridbid_cloud.leash import ABANDONED
from tests.cloud import ROLE, START, CloudTest, all_items, create_table


class StartAndStopTest(CloudTest):
    def test_first_start_has_nothing_to_restore(self) -> None:
        self.cloud.start()
        recovery = self.cloud.read("recovery.json")
        nothing = {"clean": True, "last_write": None, "items": 0, "messages": 0, "cut_off_executions": []}
        self.assertEqual(recovery, {"instance": "start-1", **nothing})

    def test_stop_saves_everything_and_reports_it(self) -> None:
        self.cloud.start()
        dynamodb, logs, cloudwatch = (self.cloud.client(name) for name in ("dynamodb", "logs", "cloudwatch"))
        create_table(dynamodb, "orders")
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "one"}})
        logs.create_log_group(logGroupName="/orders")
        logs.create_log_stream(logGroupName="/orders", logStreamName="stream")
        now = datetime.now(UTC)
        events = [{"timestamp": int(now.timestamp() * 1000), "message": "logged"}]
        logs.put_log_events(logGroupName="/orders", logStreamName="stream", logEvents=events)
        cloudwatch.put_metric_data(Namespace="Orders", MetricData=[{"MetricName": "Count", "Value": 1.0}])
        self.assertEqual(self.cloud.stop(), 0)
        self.assertEqual(self.cloud.read("stopped.json"), {"instance": "start-1", "failed": []})
        self.assertTrue((self.cloud.folder / "saving").exists())
        self.assert_journal_has_the_items()
        self.cloud.start()
        recovery = self.cloud.read("recovery.json")
        self.assertEqual((recovery["instance"], recovery["clean"], recovery["items"]), ("start-2", True, 1))
        self.assertFalse((self.cloud.folder / "stopped.json").exists())
        self.assertEqual(all_items(dynamodb, "orders").keys(), {"one"})
        found = logs.filter_log_events(logGroupName="/orders")["events"]
        self.assertEqual([event["message"] for event in found], ["logged"])
        self.assertEqual([metric["MetricName"] for metric in cloudwatch.list_metrics()["Metrics"]], ["Count"])

    def assert_journal_has_the_items(self) -> None:
        tables = json.loads((self.cloud.folder / "data/state/dynamodb.json").read_text())["payload"]["tables"]["data"]
        self.assertEqual([table["items"] for table in tables.values()], [{}])

    def test_log_events_survive_a_later_kill_and_a_later_change(self) -> None:
        self.cloud.start()
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName="/orders")
        logs.create_log_stream(logGroupName="/orders", logStreamName="stream")
        events = [{"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": "logged"}]
        logs.put_log_events(logGroupName="/orders", logStreamName="stream", logEvents=events)
        self.cloud.stop()
        self.cloud.start()
        logs.put_retention_policy(logGroupName="/orders", retentionInDays=7)
        self.cloud.restart_after_kill()
        found = logs.filter_log_events(logGroupName="/orders")["events"]
        self.assertEqual([event["message"] for event in found], ["logged"])

    def test_start_after_a_kill_reports_what_is_restored(self) -> None:
        self.cloud.start()
        dynamodb, sqs = self.cloud.client("dynamodb"), self.cloud.client("sqs")
        create_table(dynamodb, "orders")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        for number in range(3):
            dynamodb.put_item(TableName="orders", Item={"id": {"S": str(number)}})
        sqs.send_message(QueueUrl=url, MessageBody="message")
        killed = datetime.now(UTC)
        self.cloud.restart_after_kill()
        recovery = self.cloud.read("recovery.json")
        self.assertEqual((recovery["clean"], recovery["items"], recovery["messages"]), (False, 3, 1))
        self.assertLess(abs(datetime.fromisoformat(recovery["last_write"]) - killed), timedelta(seconds=5))
        self.cloud.stop()
        self.cloud.start()
        self.assertTrue(self.cloud.read("recovery.json")["clean"])
        self.cloud.restart_after_kill()
        self.assertFalse(self.cloud.read("recovery.json")["clean"])

    def test_running_executions_do_not_delay_the_stop(self) -> None:
        self.cloud.start()
        states = self.cloud.client("stepfunctions")
        wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
        each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": wait, "End": True}
        machine = states.create_state_machine(
            name="slow",
            definition=json.dumps({"StartAt": "Each", "States": {"Each": each}}),
            roleArn=self.cloud.role(),
        )["stateMachineArn"]
        arn = states.start_execution(stateMachineArn=machine, input='{"items": [1, 2]}')["executionArn"]
        history = functools.partial(states.get_execution_history, executionArn=arn)
        self.cloud.wait_until(lambda: len(history()["events"]) == 2, "the execution waits")
        self.assertEqual(self.cloud.stop(), 0)
        self.cloud.start()
        recovery = self.cloud.read("recovery.json")
        self.assertTrue(recovery["clean"])
        self.assertEqual([execution["arn"] for execution in recovery["cut_off_executions"]], [arn])

    def test_service_that_cannot_be_saved_is_listed(self) -> None:
        self.cloud.start()
        self.cloud.client("iam").create_role(**ROLE)
        saved = self.cloud.folder / "data/state/iam.json"
        saved.unlink()
        saved.mkdir()
        self.assertEqual(self.cloud.stop(), 1)
        failed = self.cloud.read("stopped.json")["failed"]
        self.assertEqual(len(failed), 1)
        self.assertRegex(failed[0], "^iam: .*directory")
        saved.rmdir()
        self.cloud.start()
        self.assertFalse(self.cloud.read("recovery.json")["clean"])

    def test_unreadable_state_stops_the_start(self) -> None:
        self.cloud.start()
        self.cloud.client("iam").create_role(**ROLE)
        self.cloud.stop()
        saved = self.cloud.folder / "data/state/iam.json"
        saved.write_text("{")
        self.cloud.start(wait=False)
        self.assertEqual(self.cloud.exit_code(), 1)
        self.assertIn(f"the local cloud cannot start: cannot read {saved}", self.cloud.log)
        self.assertEqual(saved.read_text(), "{")

    def test_state_without_a_journal_is_migrated(self) -> None:
        self.cloud.start()
        dynamodb, sqs = self.cloud.client("dynamodb"), self.cloud.client("sqs")
        create_table(dynamodb, "orders")
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        self.cloud.stop()
        self.cloud.journal.unlink()
        self.change_state("dynamodb", "tables", items={"old": {"__no_sort__": {"id": {"S": "old"}}}})
        message = {"id": "1", "body": "old", "sent_at": datetime.now(UTC).timestamp()}
        self.change_state("sqs", "queues", messages=[message], gridbid_id=None)
        self.cloud.start()
        self.assert_journal_has_the_items()
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "new"}})
        dynamodb.delete_item(TableName="orders", Key={"id": {"S": "old"}})
        self.cloud.restart_after_kill()
        self.assertEqual(all_items(dynamodb, "orders").keys(), {"new"})
        messages = sqs.receive_message(QueueUrl=url)["Messages"]
        self.assertEqual([message["Body"] for message in messages], ["old"])

    def change_state(self, service: str, store: str, **fields: object) -> None:
        """Changes the entries of a store; None removes a field."""
        path = self.cloud.folder / f"data/state/{service}.json"
        state = json.loads(path.read_text())
        for entry in state["payload"][store]["data"].values():
            entry.update(fields)
            for name, value in fields.items():
                if value is None:
                    del entry[name]
        path.write_text(json.dumps(state))


class LeashTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.cloud.start()

    def assert_abandoned(self) -> None:
        self.assertEqual(self.cloud.exit_code(), ABANDONED)

    def test_process_ends_when_its_file_is_deleted(self) -> None:
        (self.cloud.folder / "instance").unlink()
        self.assert_abandoned()
        self.assertFalse((self.cloud.folder / "stopped.json").exists())

    def test_process_ends_when_a_successor_started(self) -> None:
        (self.cloud.folder / "instance").write_text("another")
        self.assert_abandoned()

    def test_successor_waits_for_its_predecessor(self) -> None:
        dynamodb = self.cloud.client("dynamodb")
        create_table(dynamodb, "orders")
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "one"}})
        predecessor = self.cloud.process
        self.cloud.start(wait=False)
        assert predecessor is not None
        self.assertEqual(predecessor.wait(10), ABANDONED)
        self.cloud.wait_until(self.cloud.answers, "the successor answers")
        self.assertEqual(self.cloud.read("recovery.json")["instance"], "start-2")
        self.assertEqual(all_items(dynamodb, "orders").keys(), {"one"})

    def test_process_ends_when_its_folder_is_deleted(self) -> None:
        moved = self.cloud.folder.with_suffix(".moved")
        self.cloud.folder.rename(moved)
        self.addCleanup(shutil.rmtree, moved)
        self.assert_abandoned()


class EnvironmentTest(CloudTest):
    def run_start(self, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment}
        return subprocess.run([sys.executable, str(START)], env=environment, capture_output=True, text=True, timeout=30)

    def test_start_by_hand_is_refused(self) -> None:
        ended = self.run_start()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("GRIDBID_CLOUD_FOLDER, GRIDBID_INSTANCE, STATE_DIR is not set", ended.stderr)

    def test_start_with_an_old_token_is_refused(self) -> None:
        (self.cloud.folder / "instance").write_text("new")
        folder = str(self.cloud.folder)
        ended = self.run_start(GRIDBID_CLOUD_FOLDER=folder, GRIDBID_INSTANCE="old", STATE_DIR=folder)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("does not hold the token of this process", ended.stderr)
