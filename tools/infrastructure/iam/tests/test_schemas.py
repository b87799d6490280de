import os
import unittest
from pathlib import Path

from gridbid_iam.schemas import NEEDLESS, TYPES, WITHOUT_SCHEMA, Registry, stale, unexplained, ungranted, unneeded

REGISTRY = Registry.of_environment(Path(os.environ["GRIDBID_IAM_VENV"]))


def missing(kind: str, *actions: str, deletes: bool = True) -> dict[str, list[str]]:
    policy = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    return ungranted(REGISTRY, {kind}, [policy], deletes=deletes)


class Schemas(unittest.TestCase):
    def test_missing_grant_is_found_with_the_type_that_needs_it(self) -> None:
        groups = ["scheduler:CreateScheduleGroup", "scheduler:GetScheduleGroup", "scheduler:ListTagsForResource"]
        tags = ["scheduler:TagResource", "scheduler:UntagResource"]
        self.assertEqual(missing("aws_scheduler_schedule_group", *groups, *tags, deletes=False), {})
        self.assertEqual(
            missing("aws_scheduler_schedule_group", *groups, *tags),
            {
                "scheduler:DeleteSchedule": ["aws_scheduler_schedule_group"],
                "scheduler:DeleteScheduleGroup": ["aws_scheduler_schedule_group"],
            },
        )
        self.assertIn("apigateway:UntagResource", unexplained(missing("aws_apigatewayv2_stage", "apigateway:PATCH")))

    def test_grant_that_no_resource_needs_is_found(self) -> None:
        actions = ["sqs:TagQueue", "SQS:CreateQueue", "sqs:PurgeQueue"]
        policy = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        self.assertEqual(unneeded(REGISTRY, {"aws_sqs_queue", "aws_s3_object"}, [policy]), {"sqs:PurgeQueue"})

    def test_denial_is_no_grant_and_case_does_not_matter(self) -> None:
        denial = {"Statement": [{"Effect": "Deny", "Action": "sns:SetTopicAttributes", "Resource": "*"}]}
        self.assertEqual(
            list(ungranted(REGISTRY, {"aws_sns_topic_policy"}, [denial], deletes=True)), ["sns:SetTopicAttributes"]
        )
        self.assertEqual(missing("aws_sns_topic_policy", "SNS:settopicattributes"), {})

    def test_reason_covers_only_what_it_names(self) -> None:
        self.assertEqual(unexplained(["s3tables:GetTable", "s3:PutBucketPolicy"]), ["s3:PutBucketPolicy"])
        patterns = [pattern for patterns in NEEDLESS.values() for pattern in patterns]
        self.assertEqual(len(patterns), len(set(patterns)))
        self.assertEqual(stale([pattern.replace("*", "Any") for pattern in patterns]), [])
        self.assertIn("kinesis:*", stale(["s3tables:GetTable"]))

    def test_every_type_has_a_schema_with_handlers(self) -> None:
        for kind in TYPES.values():
            self.assertTrue(REGISTRY.permissions(kind, ["create"]), kind)
        self.assertFalse(TYPES.keys() & WITHOUT_SCHEMA.keys())


if __name__ == "__main__":
    unittest.main()
