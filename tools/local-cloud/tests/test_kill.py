"""kill -9: acknowledged changes are restored; others are restored whole or not at all."""

import json
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.cloud import ROLE, CloudTest, LocalCloud, SharedCloudTest, all_items, create_table

ROUNDS = 3
# Changes of each kind that are acknowledged in a round before the kill.
CHANGES_BEFORE = 8
LIMIT_SECONDS = 60


class Load:
    """Threads that send changes until the local cloud is killed."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, work: Callable[[], None], threads: int = 1) -> None:
        """Repeats work in threads, until the first error."""
        for _ in range(threads):
            self._threads.append(threading.Thread(target=self._repeat, args=[work], daemon=True))
            self._threads[-1].start()

    def kill_when(self, is_enough: Callable[[], bool]) -> None:
        """Kills the local cloud while the work goes on."""
        try:
            self._cloud.wait_until(is_enough, "enough changes are acknowledged", LIMIT_SECONDS)
            self._cloud.kill()
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    def _repeat(self, work: Callable[[], None]) -> None:
        try:
            while not self._is_over.is_set():
                work()
        except (BotoCoreError, ClientError):
            self._is_over.wait()


class KillUnderLoadTest(CloudTest):
    def test_acknowledged_changes_survive_and_transactions_are_atomic(self) -> None:
        self.cloud.start()
        dynamodb, sqs = self.cloud.client("dynamodb"), self.cloud.client("sqs")
        orders, pairs = create_table(dynamodb, "orders"), create_table(dynamodb, "pairs")
        attributes = {"VisibilityTimeout": "43200"}
        url = sqs.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
        put: set[str] = set()
        removed: set[str] = set()
        written: set[str] = set()
        sent: set[str] = set()

        def put_order() -> None:
            order = uuid.uuid4().hex
            dynamodb.put_item(TableName=orders, Item={"id": {"S": order}, "note": {"S": "é" * 50}})
            put.add(order)
            if order < "4":
                put.remove(order)
                dynamodb.delete_item(TableName=orders, Key={"id": {"S": order}})
                removed.add(order)

        def write_pair() -> None:
            pair = uuid.uuid4().hex
            items = [{"Put": {"TableName": pairs, "Item": {"id": {"S": f"{pair}-{side}"}}}} for side in "abcde"]
            dynamodb.transact_write_items(TransactItems=items)
            written.add(pair)

        def send() -> None:
            message = uuid.uuid4().hex
            sqs.send_message(QueueUrl=url, MessageBody=message)
            sent.add(message)

        for enough in range(CHANGES_BEFORE, (ROUNDS + 1) * CHANGES_BEFORE, CHANGES_BEFORE):
            load = Load(self.cloud)
            load.add(put_order, threads=3)
            load.add(write_pair, threads=2)
            load.add(send, threads=2)
            load.kill_when(lambda enough=enough: min(map(len, (put, removed, written, sent))) >= enough)
            self.cloud.start()
            present = all_items(dynamodb, orders).keys()
            self.assertEqual(put - present, set())
            self.assertEqual(removed & present, set())
            sides: dict[str, int] = {}
            for item in all_items(dynamodb, pairs):
                sides[item.partition("-")[0]] = sides.get(item.partition("-")[0], 0) + 1
            self.assertEqual(set(sides.values()), {5})
            self.assertEqual(written - sides.keys(), set())
            queued = self.cloud.read("recovery.json")["messages"]
            self.assertGreaterEqual(queued, len(sent))
        received: set[str] = set()
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            received.update(message["Body"] for message in messages)
        self.assertEqual(sent - received, set())


class KillTest(SharedCloudTest):
    dynamodb: Any
    sqs: Any
    s3: Any

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.dynamodb, cls.sqs, cls.s3 = (cls.cloud.client(name) for name in ("dynamodb", "sqs", "s3"))

    def setUp(self) -> None:
        self.table, self.name = f"table-{uuid.uuid4().hex}", f"queue-{uuid.uuid4().hex}"

    def queue(self, suffix: str = "", **attributes: str) -> str:
        return self.sqs.create_queue(QueueName=self.name + suffix, Attributes=attributes)["QueueUrl"]

    def arn(self, suffix: str = "") -> str:
        return f"arn:aws:sqs:eu-west-1:000000000000:{self.name}{suffix}"

    def receive(self, url: str, **options: Any) -> list[dict[str, Any]]:
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options).get("Messages", [])

    def test_updates_batches_and_indexes_survive(self) -> None:
        self.dynamodb.create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "day")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-day",
                    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        put = [{"PutRequest": {"Item": {"id": {"S": str(n)}, "day": {"S": "monday"}}}} for n in range(20)]
        self.dynamodb.batch_write_item(RequestItems={self.table: put})
        for n in range(10):
            self.dynamodb.update_item(
                TableName=self.table,
                Key={"id": {"S": str(n)}},
                UpdateExpression="SET #day = :tuesday",
                ExpressionAttributeNames={"#day": "day"},
                ExpressionAttributeValues={":tuesday": {"S": "tuesday"}},
            )
        self.cloud.restart_after_kill()
        found = self.dynamodb.query(
            TableName=self.table,
            IndexName="by-day",
            KeyConditionExpression="#day = :day",
            ExpressionAttributeNames={"#day": "day"},
            ExpressionAttributeValues={":day": {"S": "tuesday"}},
        )
        self.assertEqual(sorted(int(item["id"]["S"]) for item in found["Items"]), list(range(10)))
        self.assertEqual(self.dynamodb.describe_table(TableName=self.table)["Table"]["ItemCount"], 20)

    def test_transaction_is_one_line_of_the_journal(self) -> None:
        create_table(self.dynamodb, self.table)
        puts = [{"Put": {"TableName": self.table, "Item": {"id": {"S": order}}}} for order in ("first", "second")]
        lines = len(self.cloud.journal.read_text().splitlines())
        self.dynamodb.transact_write_items(TransactItems=puts)
        added = [json.loads(line) for line in self.cloud.journal.read_text().splitlines()[lines:]]
        self.assertEqual([[change[2] for change in line] for line in added], [["first", "second"]])

    def test_refused_transactions_leave_nothing(self) -> None:
        create_table(self.dynamodb, self.table)
        self.dynamodb.put_item(TableName=self.table, Item={"id": {"S": "taken"}})
        statements = [
            {"Statement": f"INSERT INTO \"{self.table}\" VALUE {{'id': '{order}'}}"} for order in ("new", "taken")
        ]
        with self.assertRaises(self.dynamodb.exceptions.TransactionCanceledException):
            self.dynamodb.execute_transaction(TransactStatements=statements)
        self.cloud.restart_after_kill()
        self.assertEqual(all_items(self.dynamodb, self.table).keys(), {"taken"})

    def test_items_of_a_deleted_table_do_not_reappear_in_its_successor(self) -> None:
        create_table(self.dynamodb, self.table)
        self.dynamodb.put_item(TableName=self.table, Item={"id": {"S": "old"}})
        self.dynamodb.delete_table(TableName=self.table)
        create_table(self.dynamodb, self.table)
        self.dynamodb.put_item(TableName=self.table, Item={"id": {"S": "new"}})
        self.cloud.restart_after_kill()
        self.assertEqual(all_items(self.dynamodb, self.table).keys(), {"new"})

    def test_tables_restored_from_a_backup_keep_their_items(self) -> None:
        create_table(self.dynamodb, self.table)
        self.dynamodb.put_item(TableName=self.table, Item={"id": {"S": "saved"}})
        backup = self.dynamodb.create_backup(TableName=self.table, BackupName="backup")["BackupDetails"]["BackupArn"]
        self.dynamodb.restore_table_from_backup(TargetTableName=self.table + "-restored", BackupArn=backup)
        self.cloud.restart_after_kill()
        self.assertEqual(all_items(self.dynamodb, self.table + "-restored").keys(), {"saved"})

    def test_replicas_of_a_table_keep_their_items(self) -> None:
        create_table(self.dynamodb, self.table)
        self.dynamodb.put_item(TableName=self.table, Item={"id": {"S": "before"}})
        create = {"Create": {"RegionName": "us-east-1"}}
        self.dynamodb.update_table(TableName=self.table, ReplicaUpdates=[create])
        self.dynamodb.put_item(TableName=self.table, Item={"id": {"S": "after"}})
        self.cloud.restart_after_kill()
        replica = self.cloud.client("dynamodb", region="us-east-1")
        self.assertEqual(all_items(replica, self.table).keys(), {"before", "after"})

    def test_deleted_messages_are_gone_and_received_ones_stay_invisible(self) -> None:
        url = self.queue(VisibilityTimeout="600")
        for body in ("deleted", "received", "released", "waiting"):
            self.sqs.send_message(QueueUrl=url, MessageBody=body)
            if body != "waiting":
                message = self.receive(url)[0]
            if body == "deleted":
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if body == "received":
                received = message
        self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        self.cloud.restart_after_kill()
        self.assertEqual({message["Body"] for message in self.receive(url)}, {"released", "waiting"})
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])

    def test_messages_of_a_deleted_queue_do_not_reappear_in_its_successor(self) -> None:
        self.sqs.send_message(QueueUrl=self.queue(), MessageBody="old")
        self.sqs.delete_queue(QueueUrl=self.queue())
        self.sqs.send_message(QueueUrl=self.queue(), MessageBody="new")
        self.cloud.restart_after_kill()
        self.assertEqual([message["Body"] for message in self.receive(self.queue())], ["new"])

    def test_messages_moved_to_the_dead_letter_queue_are_in_one_queue(self) -> None:
        dead = self.queue("-dead")
        policy = {"deadLetterTargetArn": self.arn("-dead"), "maxReceiveCount": 1}
        url = self.queue(RedrivePolicy=json.dumps(policy), VisibilityTimeout="0")
        self.sqs.send_message(QueueUrl=url, MessageBody="poison")
        self.receive(url)
        self.receive(url)
        self.cloud.restart_after_kill()
        self.assertEqual([message["Body"] for message in self.receive(dead)], ["poison"])
        self.assertEqual(self.receive(url), [])

    def test_fifo_queues_keep_their_deduplication_ids(self) -> None:
        url = self.queue(".fifo", FifoQueue="true")
        send = {"QueueUrl": url, "MessageGroupId": "group"}
        first = self.sqs.send_message(MessageBody="one", MessageDeduplicationId="1", **send)
        for message in self.receive(url):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.cloud.restart_after_kill()
        again = self.sqs.send_message(MessageBody="one", MessageDeduplicationId="1", **send)
        other = self.sqs.send_message(MessageBody="two", MessageDeduplicationId="2", **send)
        self.assertEqual(again["MessageId"], first["MessageId"])
        self.assertEqual(int(other["SequenceNumber"]), int(first["SequenceNumber"]) + 1)

    def test_purged_messages_are_gone(self) -> None:
        url = self.queue()
        self.sqs.send_message(QueueUrl=url, MessageBody="purged")
        self.sqs.purge_queue(QueueUrl=url)
        self.cloud.restart_after_kill()
        self.assertEqual(self.receive(url), [])

    def test_notifications_to_a_queue_survive(self) -> None:
        sns = self.cloud.client("sns")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        url = self.queue()
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": self.arn()}]}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.arn())
        sns.publish(TopicArn=topic, Message="published")
        self.cloud.wait_until(lambda: self.count(url) == 1, "the notification is delivered")
        self.cloud.restart_after_kill()
        self.assertEqual(json.loads(self.receive(url)[0]["Body"])["Message"], "published")

    def count(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages"]
        return int(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])

    def test_changes_of_every_service_survive(self) -> None:
        clients = {name: self.cloud.client(name) for name in ("iam", "secretsmanager", "logs", "ssm", "scheduler")}
        role = clients["iam"].create_role(**ROLE)["Role"]["Arn"]
        clients["secretsmanager"].create_secret(Name="token", SecretString="secret")
        clients["logs"].create_log_group(logGroupName="/orders")
        clients["logs"].put_retention_policy(logGroupName="/orders", retentionInDays=7)
        clients["ssm"].put_parameter(Name="/day", Value="monday", Type="String")
        clients["scheduler"].create_schedule(
            Name="hourly",
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:sqs:eu-west-1:000000000000:orders", "RoleArn": role},
        )
        self.cloud.restart_after_kill()
        clients["iam"].get_role(RoleName=ROLE["RoleName"])
        self.assertEqual(clients["secretsmanager"].get_secret_value(SecretId="token")["SecretString"], "secret")
        self.assertEqual(clients["logs"].describe_log_groups()["logGroups"][0]["retentionInDays"], 7)
        self.assertEqual(clients["ssm"].get_parameter(Name="/day")["Parameter"]["Value"], "monday")
        clients["scheduler"].get_schedule(Name="hourly")

    def test_objects_versions_and_buckets_survive(self) -> None:
        s3 = self.s3
        s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
        first = s3.put_object(Bucket="reports", Key="day/one", Body=b"first", Metadata={"day": "monday"})["VersionId"]
        s3.put_object(Bucket="reports", Key="day/one", Body=b"second", ContentType="text/plain")
        s3.put_object(Bucket="reports", Key="gone", Body=b"gone")
        s3.delete_object(Bucket="reports", Key="gone")
        self.cloud.restart_after_kill()
        self.assertEqual(s3.get_bucket_versioning(Bucket="reports")["Status"], "Enabled")
        latest = s3.get_object(Bucket="reports", Key="day/one")
        self.assertEqual((latest["Body"].read(), latest["ContentType"]), (b"second", "text/plain"))
        older = s3.get_object(Bucket="reports", Key="day/one", VersionId=first)
        self.assertEqual((older["Body"].read(), older["Metadata"]), (b"first", {"day": "monday"}))
        with self.assertRaises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket="reports", Key="gone")


class ExecutionTest(SharedCloudTest):
    states: Any

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.states = cls.cloud.client("stepfunctions")

    def machine(self, **first: Any) -> str:
        """Creates a state machine of one state."""
        created = self.states.create_state_machine(
            name=f"machine-{uuid.uuid4().hex}",
            definition=json.dumps({"StartAt": "First", "States": {"First": {**first, "End": True}}}),
            roleArn=self.cloud.role(),
        )
        return created["stateMachineArn"]

    def status(self, arn: str) -> str:
        return self.states.describe_execution(executionArn=arn)["status"]

    def history(self, arn: str) -> list[dict[str, Any]]:
        return self.states.get_execution_history(executionArn=arn)["events"]

    def begin(self, machine: str, payload: dict[str, Any]) -> str:
        return self.states.start_execution(stateMachineArn=machine, input=json.dumps(payload))["executionArn"]

    def test_ended_execution_keeps_its_output_and_history(self) -> None:
        machine = self.machine(Type="Pass")
        arn = self.begin(machine, {"slot": "monday"})
        self.cloud.wait_until(lambda: self.status(arn) == "SUCCEEDED", "the execution ends")
        history = self.history(arn)
        self.cloud.restart_after_kill()
        execution = self.states.describe_execution(executionArn=arn)
        self.assertEqual((execution["status"], json.loads(execution["output"])), ("SUCCEEDED", {"slot": "monday"}))
        self.assertEqual(self.history(arn), history)
        self.assertEqual(self.cloud.read("recovery.json")["cut_off_executions"], [])

    def test_running_execution_is_cut_off_and_listed(self) -> None:
        arn = self.begin(self.machine(Type="Wait", Seconds=600), {"slot": "monday"})
        self.cloud.wait_until(lambda: len(self.history(arn)) == 2, "the execution waits")
        started = self.states.describe_execution(executionArn=arn)["startDate"]
        self.cloud.restart_after_kill()
        execution = self.states.describe_execution(executionArn=arn)
        self.assertEqual((execution["status"], execution["error"]), ("FAILED", "States.ServiceRestart"))
        kinds = [event["type"] for event in self.history(arn)]
        self.assertEqual(kinds, ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"])
        cut_off = self.cloud.read("recovery.json")["cut_off_executions"]
        self.assertEqual([(entry["arn"], entry["input"]) for entry in cut_off], [(arn, {"slot": "monday"})])
        self.assertEqual(datetime.fromisoformat(cut_off[0]["started"]), started)
        self.cloud.restart_after_kill()
        self.assertEqual(self.status(arn), "FAILED")
        self.assertEqual(self.cloud.read("recovery.json")["cut_off_executions"], [])

    def test_stopped_execution_stays_stopped(self) -> None:
        arn = self.begin(self.machine(Type="Wait", Seconds=600), {})
        self.states.stop_execution(executionArn=arn, cause="not wanted")
        self.cloud.restart_after_kill()
        execution = self.states.describe_execution(executionArn=arn)
        self.assertEqual((execution["status"], execution["cause"]), ("ABORTED", "not wanted"))

    def test_runs_of_a_distributed_map_survive(self) -> None:
        processor = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": {"Type": "Pass", "End": True}},
        }
        machine = self.machine(Type="Map", ItemsPath="$.items", ItemProcessor=processor)
        arn = self.begin(machine, {"items": [1, 2, 3]})
        self.cloud.wait_until(lambda: self.status(arn) == "SUCCEEDED", "the execution ends")
        run = self.states.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]
        self.assertEqual(len(self.states.list_executions(mapRunArn=run, statusFilter="SUCCEEDED")["executions"]), 3)
        parts = [part["executionArn"] for part in self.states.list_executions(mapRunArn=run)["executions"]]
        self.cloud.restart_after_kill()
        self.assertEqual({self.status(part) for part in parts}, {"SUCCEEDED"})

    def test_executions_of_a_deleted_machine_are_gone(self) -> None:
        machine = self.machine(Type="Pass")
        arn = self.begin(machine, {})
        self.cloud.wait_until(lambda: self.status(arn) == "SUCCEEDED", "the execution ends")
        self.states.delete_state_machine(stateMachineArn=machine)
        self.cloud.restart_after_kill()
        with self.assertRaises(self.states.exceptions.ExecutionDoesNotExist):
            self.status(arn)
