import os
import unittest
from pathlib import Path

from gridbid_iam.fit import findings
from gridbid_iam.reference import Reference, can_match_the_same

REFERENCE = Reference.of_environment(Path(os.environ["GRIDBID_IAM_VENV"]))
BUCKET = "arn:aws:s3:::gridbid-dev-order-results"


def found(
    action: str, resource: str, condition: dict[str, dict[str, str]] | None = None, *, is_boundary: bool = False
) -> list[str]:
    statement = {"Effect": "Allow", "Action": [action], "Resource": [resource], "Condition": condition or {}}
    return list(findings(REFERENCE, {"Statement": [statement]}, is_boundary=is_boundary))


class Fit(unittest.TestCase):
    def test_statement_that_fits_has_no_finding(self) -> None:
        self.assertEqual(found("s3:GetObject", f"{BUCKET}/*"), [])
        self.assertEqual(
            found("kms:CreateGrant", "arn:aws:kms:eu-west-1:1:key/k", {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            [],
        )
        self.assertEqual(found("apigateway:TagResource", "arn:aws:apigateway:eu-west-1::/apis/a/stages"), [])

    def test_misspelled_action_is_found(self) -> None:
        self.assertEqual(
            found("s3:GetObjectLockConfiguration", BUCKET), ["there is no action `s3:GetObjectLockConfiguration`"]
        )
        self.assertEqual(found("dynamo:GetItem", "*"), ["there is no action `dynamo:GetItem`"])

    def test_action_on_a_resource_it_does_not_apply_to_is_found(self) -> None:
        [first, second] = found("s3:GetObject", "arn:aws:sqs:eu-west-1:1:q")
        self.assertIn("`s3:GetObject` applies to none of the resources", first)
        self.assertIn("no action of s3:GetObject applies to", second)

    def test_arn_for_an_action_without_resources_is_found(self) -> None:
        [first, _] = found("dynamodb:ListStreams", "arn:aws:dynamodb:eu-west-1:1:table/t/stream/s")
        self.assertIn("`dynamodb:ListStreams` applies to none of the resources", first)

    def test_wildcard_resource_is_found_if_the_action_supports_arns(self) -> None:
        [finding] = found("s3:GetObject", "*")
        self.assertIn("`s3:GetObject` is allowed on everything", finding)
        self.assertEqual(found("xray:PutTraceSegments", "*"), [])

    def test_wildcard_action_is_found_except_in_a_boundary(self) -> None:
        self.assertEqual(found("sqs:*", "arn:aws:sqs:eu-west-1:1:q"), ["`sqs:*`: actions must be named"])
        self.assertEqual(found("sqs:*", "arn:aws:sqs:eu-west-1:1:q", is_boundary=True), [])

    def test_unsupported_condition_key_is_found(self) -> None:
        condition = {"ArnLike": {"lambda:FunctionArn": "arn:aws:lambda:eu-west-1:1:function:f"}}
        [finding] = found("lambda:TagResource", "arn:aws:lambda:eu-west-1:1:event-source-mapping:*", condition)
        self.assertEqual(finding, "requests of `lambda:TagResource` have no condition key `lambda:FunctionArn`")
        self.assertEqual(found("lambda:CreateEventSourceMapping", "*", condition), [])
        [finding] = found(
            "execute-api:Invoke",
            "arn:aws:execute-api:eu-west-1:1:a/*",
            {"StringEquals": {"aws:ResourceTag/Environment": "dev"}},
        )
        self.assertEqual(
            finding, "requests of `execute-api:Invoke` have no condition key `aws:ResourceTag/Environment`"
        )

    def test_tag_condition_on_a_call_that_creates_is_found(self) -> None:
        """KMS authorizes the tags of a new key as kms:TagResource, on a key that has no tag yet."""
        key, tag = "arn:aws:kms:eu-west-1:1:key/*", {"aws:ResourceTag/Environment": "dev"}
        [finding] = found("kms:TagResource", key, {"StringEquals": tag})
        self.assertEqual(
            finding,
            "`kms:TagResource` with `aws:ResourceTag/Environment` refuses `kms:CreateKey`: a new resource has no tag yet",
        )
        self.assertEqual(found("kms:TagResource", key, {"Null": {"aws:ResourceTag/Environment": "true"}}), [])
        self.assertEqual(found("kms:ScheduleKeyDeletion", key, {"StringEquals": tag}), [])
        self.assertEqual(found("kms:CreateKey", "*", {"StringEquals": {"aws:RequestTag/Environment": "dev"}}), [])

    def test_patterns_match_the_same_text_or_not(self) -> None:
        for one, other, expected in [
            ("a*", "*b", True),
            ("arn:*:s3:::*/*", "arn:aws:s3:::b/*", True),
            ("arn:*:s3:::*/*", "arn:aws:s3:::b", False),
            ("", "*", True),
            ("", "a", False),
        ]:
            self.assertEqual(can_match_the_same(one, other), expected, (one, other))


if __name__ == "__main__":
    unittest.main()
