"""The resources of plans and their policies, as `cargo xtask test terraform` writes them, by the names of the runs."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The environment in mocked names (terraform/tests/mocks), and the mocked key.
MOCKED = ("gridbid-mock", "gridbid/mock/")
MOCKED_KEY = "key/11111111-2222-3333-4444-555555555555"

Document = dict[str, Any]


@dataclass
class Role:
    """A role with the policies that are attached to it."""

    name: str
    trust: Document
    boundary: str | None
    policies: dict[str, Document] = field(default_factory=dict)


@dataclass
class Plan:
    """The policies of one plan, and the types of its resources."""

    kinds: set[str]
    roles: list[Role]
    managed: dict[str, Document]
    resource_policies: list[tuple[str, str, Document]]

    def role(self, name: str) -> Role:
        """A role by its name."""
        [found] = [role for role in self.roles if role.name == name]
        return found


def read(file: Path) -> dict[str, Plan]:
    """The plans, by the names of their runs."""
    return {run: _plan(resources) for run, resources in json.loads(file.read_text(encoding="utf-8")).items()}


def named_for(document: Document, environment: str, key_arn: str) -> Document:
    """A policy of an environment's plan, with its names and its key in the place of the mocked ones."""
    text = json.dumps(document)
    for mocked in MOCKED:
        text = text.replace(mocked, mocked.replace("mock", environment))
    prefix, _, _ = key_arn.rpartition("key/")
    renamed: Document = json.loads(text.replace(prefix + MOCKED_KEY, key_arn))
    return renamed


def _plan(resources: list[dict[str, Any]]) -> Plan:
    roles: dict[str, Role] = {}
    plan = Plan({resource["type"] for resource in resources}, [], {}, [])
    for resource in resources:
        after, module = resource["after"], resource["address"].rpartition(".aws_")[0]
        if resource["type"] == "aws_iam_role":
            role = Role(after["name"], json.loads(after["assume_role_policy"]), after["permissions_boundary"])
            # A function's module also has the role of its canary.
            roles[module + _instance(resource["address"])] = role
            plan.roles.append(role)
    for resource in resources:
        after, module, kind = resource["after"], resource["address"].rpartition(".aws_")[0], resource["type"]
        if kind == "aws_iam_role_policy":
            role = roles.get(module + _instance(resource["address"])) or _pipeline_step(plan, resource["address"])
            role.policies[after["name"]] = json.loads(after["policy"])
        elif kind == "aws_iam_policy":
            document = json.loads(after["policy"])
            plan.managed[after["name"]] = document
            for role in (role for key, role in roles.items() if key == module + ".this"):
                role.policies[after["name"]] = document
        elif kind in ("aws_kms_key", "aws_s3_bucket_policy", "aws_sns_topic_policy", "aws_sqs_queue") and after.get(
            "policy"
        ):
            plan.resource_policies.append((kind, resource["address"], json.loads(after["policy"])))
    return plan


def _instance(address: str) -> str:
    """The name of a resource in its module, without its index: `.this`, `.canary`."""
    return "." + address.rpartition(".aws_")[2].partition(".")[2].partition("[")[0]


def _pipeline_step(plan: Plan, address: str) -> Role:
    """The role of a step of the pipeline, whose additional policy is in the module of the pipeline."""
    step = address.partition('["')[2].partition('"]')[0]
    return plan.role(f"gridbid-delivery-pipeline-{step}")
