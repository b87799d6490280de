"""Whether a policy's actions, resources and condition keys exist and belong together.

IAM accepts nearly anything: a misspelled action, an action on a resource it does not apply to, or a condition on a key
that its requests never have allow nothing, and the first deployment is refused.
"""

from collections.abc import Iterator
from typing import Any

from gridbid_iam.reference import Reference, any_matches

# Actions that support ARNs and are allowed on everything, with the reason.
ON_EVERYTHING = {
    "cloudwatch:DescribeAlarms": "CodeDeploy checks it against all alarms, as AWS's own policies for CodeDeploy allow",
    "logs:DescribeLogGroups": "the provider lists groups by prefix",
}


def texts(value: Any) -> list[str]:
    """One text or several."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def findings(
    reference: Reference, document: dict[str, Any], *, is_boundary: bool = False, names_resources: bool = True
) -> Iterator[str]:
    """Yields each problem of a policy. A boundary may name whole services. A trust or key policy names no resources."""
    for statement in document["Statement"]:
        yield from _statement_findings(reference, statement, is_boundary=is_boundary, names_resources=names_resources)


def _statement_findings(
    reference: Reference, statement: dict[str, Any], *, is_boundary: bool, names_resources: bool
) -> Iterator[str]:
    patterns, resources = texts(statement.get("Action")), texts(statement.get("Resource"))
    actions: list[str] = []
    for pattern in patterns:
        found = reference.expand(pattern)
        if not found:
            yield f"there is no action `{pattern}`"
        actions += found
    keys = [key for block in statement.get("Condition", {}).values() for key in block]
    for action in actions:
        for key in keys:
            if not reference.supports(action, key):
                yield f"requests of `{action}` have no condition key `{key}`"
    if statement["Effect"] == "Allow":
        yield from _tag_findings(reference, actions, statement)
    if names_resources:
        yield from _resource_findings(
            reference, patterns, resources, is_denial=statement["Effect"] == "Deny", is_boundary=is_boundary
        )


def _tag_findings(reference: Reference, actions: list[str], statement: dict[str, Any]) -> Iterator[str]:
    """A condition on the tags of a resource refuses the call that creates it, which has no tag yet."""
    for operator, block in statement.get("Condition", {}).items():
        for key, value in block.items():
            is_absent = operator == "Null" and texts(value) == ["true"]
            if not key.lower().startswith("aws:resourcetag/") or is_absent or operator.endswith("IfExists"):
                continue
            for action in actions:
                for call in reference.created_by(action):
                    yield f"`{action}` with `{key}` refuses `{call}`: a new resource has no tag yet"


def _resource_findings(
    reference: Reference, patterns: list[str], resources: list[str], *, is_denial: bool, is_boundary: bool
) -> Iterator[str]:
    if not resources:
        yield f"{patterns}: no resource is named"
    used: set[str] = set()
    for pattern in patterns:
        applicable = False
        for action in reference.expand(pattern):
            arns = reference.arn_patterns(action)
            fitting = [resource for resource in resources if resource == "*" or any_matches(arns, resource)]
            used.update(fitting)
            if fitting and (arns or "*" in resources):
                applicable = True
            if "*" in resources and arns and not is_denial and action not in ON_EVERYTHING:
                yield f"`{action}` is allowed on everything: it supports the ARNs {', '.join(arns)}"
        if not applicable and reference.expand(pattern):
            yield f"`{pattern}` applies to none of the resources {', '.join(resources)}"
    exist = all(reference.expand(pattern) for pattern in patterns)
    for resource in resources:
        if exist and resource not in used:
            yield f"no action of {', '.join(patterns)} applies to `{resource}`"
    if not is_boundary and not is_denial:
        for pattern in patterns:
            if "*" in pattern:
                yield f"`{pattern}`: actions must be named"
