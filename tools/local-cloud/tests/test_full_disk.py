"""Full disk: changes are refused until there is space again, without a restart, and nothing acknowledged is lost."""

import resource
import unittest
from collections.abc import Callable

from botocore.exceptions import ClientError

from tests.cloud import ROLE, CloudTest, all_items, create_table


@unittest.skipUnless(hasattr(resource, "prlimit"), "the limits of another process can be changed on Linux only")
class FullDiskTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.cloud.start()
        self.dynamodb, self.sqs, self.s3 = (self.cloud.client(name) for name in ("dynamodb", "sqs", "s3"))
        create_table(self.dynamodb, "orders")

    def put(self, order: str) -> None:
        self.dynamodb.put_item(TableName="orders", Item={"id": {"S": order}, "note": {"S": "x" * 100}})

    def assert_fails(self, code: str, change: Callable[[], object]) -> None:
        with self.assertRaises(ClientError) as raised:
            change()
        error = raised.exception.response
        self.assertEqual((error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]), (500, code))

    def test_items_and_messages_are_refused_until_there_is_space(self) -> None:
        url = self.sqs.create_queue(QueueName="orders")["QueueUrl"]
        self.put("before")
        # A write that begins below the limit is carried out in part: the torn line must be cut off.
        self.cloud.limit_files(self.cloud.journal.stat().st_size + 10)
        for order in ("refused-1", "refused-2"):
            self.assert_fails("InternalServerError", lambda order=order: self.put(order))
        self.assert_fails("InternalServerError", lambda: self.sqs.send_message(QueueUrl=url, MessageBody="refused"))
        self.assertEqual(self.dynamodb.describe_table(TableName="orders")["Table"]["ItemCount"], 2)
        self.cloud.unlimit_files()
        self.put("after")
        self.sqs.send_message(QueueUrl=url, MessageBody="after")
        self.cloud.restart_after_kill()
        # The first change was carried out before its write failed; later ones were not tried.
        self.assertEqual(all_items(self.dynamodb, "orders").keys(), {"before", "refused-1", "after"})
        messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        self.assertEqual([message["Body"] for message in messages], ["after"])

    def test_changes_of_services_are_refused_until_there_is_space(self) -> None:
        iam = self.cloud.client("iam")
        self.cloud.limit_files(0)
        self.assert_fails("InternalFailure", lambda: iam.create_role(**ROLE))
        self.assert_fails("InternalFailure", lambda: iam.create_role(**{**ROLE, "RoleName": "second"}))
        self.cloud.unlimit_files()
        iam.create_role(**{**ROLE, "RoleName": "second"})
        self.cloud.restart_after_kill()
        self.assertEqual({role["RoleName"] for role in iam.list_roles()["Roles"]}, {"tester", "second"})

    def test_objects_are_refused_until_there_is_space(self) -> None:
        self.s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        put = {"Bucket": "reports", "Key": "day", "Body": b"report"}
        self.cloud.limit_files(0)
        self.assert_fails("InternalError", lambda: self.s3.put_object(**put))
        self.cloud.unlimit_files()
        self.s3.put_object(**put)
        self.cloud.restart_after_kill()
        self.assertEqual(self.s3.get_object(Bucket="reports", Key="day")["Body"].read(), b"report")

    def test_stop_on_a_full_disk_ends_with_an_error(self) -> None:
        self.put("kept")
        self.cloud.limit_files(0)
        self.assertEqual(self.cloud.stop(), 1)
        self.cloud.start()
        self.assertFalse(self.cloud.read("recovery.json")["clean"])
        self.assertEqual(all_items(self.dynamodb, "orders").keys(), {"kept"})
