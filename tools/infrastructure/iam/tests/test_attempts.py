import unittest

from gridbid_iam.attempts import EVERYTHING, NAMES, Request, Target, Token, granted, is_allowed, on_environment
from gridbid_iam.plans import Document, Role

PROD = Target("prod", "arn:aws:kms:eu-west-1:123456789012:key/p", "prod000001")


def allowing(action: str, resource: str, condition: Document | None = None) -> Document:
    return {
        "Statement": [{"Effect": "Allow", "Action": [action], "Resource": [resource], "Condition": condition or {}}]
    }


class Attempts(unittest.TestCase):
    def test_boundary_of_whole_services_lets_every_attempt_through(self) -> None:
        """What an account with one boundary for all environments allows: this list would find it."""
        services = sorted({f"{attempt.action.partition(':')[0]}:*" for attempt in on_environment(PROD)})
        boundary = {"Statement": [{"Effect": "Allow", "Action": services, "Resource": "*"}]}
        self.assertTrue(all(is_allowed(attempt, [EVERYTHING], boundary) for attempt in on_environment(PROD)))

    def test_both_identity_and_boundary_must_allow(self) -> None:
        request = Request("s3:GetObject", "arn:aws:s3:::b/k")
        wide, narrow = allowing("s3:GetObject", "arn:aws:s3:::b/*"), allowing("s3:GetObject", "arn:aws:s3:::c/*")
        self.assertTrue(is_allowed(request, [wide], None))
        self.assertTrue(is_allowed(request, [wide], wide))
        self.assertFalse(is_allowed(request, [wide], narrow))
        self.assertFalse(is_allowed(request, [narrow], wide))

    def test_denial_in_the_boundary_wins(self) -> None:
        denial = {
            "Statement": [
                *EVERYTHING["Statement"],
                {"Effect": "Deny", "Action": "s3:DeleteObjectVersion", "Resource": "*"},
            ]
        }
        self.assertFalse(is_allowed(Request("s3:DeleteObjectVersion", "arn:aws:s3:::b/k"), [EVERYTHING], denial))

    def test_condition_of_a_grant_is_evaluated(self) -> None:
        condition = {"StringEquals": {"iam:PermissionsBoundary": "b"}}
        policy = allowing("iam:CreateRole", "arn:aws:iam::123456789012:role/r", condition)
        [request] = granted(policy)
        self.assertTrue(is_allowed(request, [policy], None))
        self.assertFalse(is_allowed(Request(request.action, request.resource), [policy], None))


class Tokens(unittest.TestCase):
    def role(self, condition: dict[str, list[str]]) -> Role:
        provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
        keys = {f"token.actions.githubusercontent.com:{claim}": values for claim, values in condition.items()}
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider},
            "Condition": {"StringEquals": keys},
        }
        return Role("r", {"Statement": [statement]}, None)

    def test_environment_alone_accepts_any_branch(self) -> None:
        """Why the branch is bound by `ref`: the subject of an environment's job names none."""
        feature = Token(f"{NAMES}:environment:prod", ref="refs/heads/feature")
        self.assertTrue(feature.assumes(self.role({"sub": [feature.sub]})))
        self.assertFalse(feature.assumes(self.role({"sub": [feature.sub], "ref": ["refs/heads/main"]})))

    def test_one_of_several_subjects_is_enough(self) -> None:
        token = Token(f"{NAMES}:environment:prod")
        self.assertTrue(token.assumes(self.role({"sub": ["repo:example@1/gridbid@2:environment:prod", token.sub]})))


if __name__ == "__main__":
    unittest.main()
