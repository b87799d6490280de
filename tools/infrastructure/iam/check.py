"""Checks the IAM policies of plans: `check.py PLANS VENV`. Prints each finding, and a summary at the end."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from gridbid_iam.attempts import (
    EVERYTHING,
    Request,
    Target,
    accepted_tokens,
    granted,
    is_allowed,
    needed_to_deploy,
    needed_to_plan,
    on_account,
    on_environment,
    on_retained,
    refused_tokens,
)
from gridbid_iam.fit import findings
from gridbid_iam.plans import Document, Plan, Role, named_for, read
from gridbid_iam.reference import Reference
from gridbid_iam.schemas import BESIDES, Registry, stale, unexplained, ungranted, unneeded

# IAM's quotas, in characters without white space.
MANAGED_POLICY = 6144
INLINE_POLICIES_OF_A_ROLE = 10240
TRUST_POLICY = 2048
MANAGED_POLICIES_OF_A_ROLE = 10

# The run of terraform/tests/environments.tftest.hcl that plans an account whose environments share it.
ACCOUNT_RUN = "account_delivered_to_by_github"
PIPELINE_RUN = "account_delivered_to_by_a_pipeline"
# As in the runs' variables. uat has not been deployed yet: its roles know no API of theirs, but those of the others.
ENVIRONMENTS = {
    "dev": Target("dev", "arn:aws:kms:eu-west-1:123456789012:key/0000000d-0000-0000-0000-000000000000", "dev0000001"),
    "uat": Target("uat", "arn:aws:kms:eu-west-1:123456789012:key/0000000a-0000-0000-0000-000000000000", "uat0000001"),
    "prod": Target(
        "prod",
        "arn:aws:kms:eu-west-1:123456789012:key/0000000f-0000-0000-0000-000000000000",
        "prod000001",
        "api.example.com",
    ),
}

# As the default of terraform/bootstrap's variable: the others' objects cannot be deleted.
DESTROYABLE = {"dev"}


class Check:
    """Counts what was checked and collects what was found."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.statements = 0
        self.denied = 0
        self.allowed = 0
        self.tokens = 0
        self.sizes: dict[str, int] = {}
        self.kinds: set[str] = set()
        self.needless: set[str] = set()

    def fits(self, reference: Reference, run: str, plan: Plan) -> None:
        """Compares every policy of a plan with the reference."""
        for role in plan.roles:
            self._document(reference, f"{run}: trust of {role.name}", role.trust, names_resources=False)
            for name, document in role.policies.items():
                self._document(reference, f"{run}: {role.name}, {name}", document)
        for name, document in plan.managed.items():
            self._document(reference, f"{run}: {name}", document, is_boundary=name.endswith("-boundary"))
        for kind, address, document in plan.resource_policies:
            self._document(
                reference, f"{run}: {address}", document, is_boundary=True, names_resources=kind != "aws_kms_key"
            )

    def _document(
        self,
        reference: Reference,
        where: str,
        document: Document,
        *,
        is_boundary: bool = False,
        names_resources: bool = True,
    ) -> None:
        self.statements += len(document["Statement"])
        self.found += [
            f"{where}: {finding}"
            for finding in findings(reference, document, is_boundary=is_boundary, names_resources=names_resources)
        ]

    def sizes_fit(self, run: str, plan: Plan) -> None:
        """Compares sizes with IAM's quotas."""
        for name, document in plan.managed.items():
            self._size(f"{run}: {name}", _size(document), MANAGED_POLICY)
        for role in plan.roles:
            self._size(f"{run}: trust of {role.name}", _size(role.trust), TRUST_POLICY)
            inline = [document for name, document in role.policies.items() if name not in plan.managed]
            self._size(f"{run}: inline policies of {role.name}", sum(map(_size, inline)), INLINE_POLICIES_OF_A_ROLE)
            if len(role.policies) - len(inline) > MANAGED_POLICIES_OF_A_ROLE:
                self.found.append(f"{run}: {role.name} has more than {MANAGED_POLICIES_OF_A_ROLE} managed policies")

    def _size(self, what: str, size: int, quota: int) -> None:
        if quota == MANAGED_POLICY:
            self.sizes[what] = size
        if size > quota:
            self.found.append(f"{what} has {size} characters, and IAM allows {quota}")

    def denies(
        self, who: str, requests: Iterable[Request], identity: list[Document], boundary: Document | None
    ) -> None:
        """Every request must be denied."""
        for request in requests:
            self.denied += 1
            if is_allowed(request, identity, boundary):
                self.found.append(f"{who} can {request}")

    def allows(
        self, who: str, requests: Iterable[Request], identity: list[Document], boundary: Document | None
    ) -> None:
        """Every request must be allowed."""
        for request in requests:
            self.allowed += 1
            if not is_allowed(request, identity, boundary):
                self.found.append(f"{who} cannot {request}")

    def isolates(self, account: Plan, deployers: str) -> None:
        """No role of an environment reaches another environment or leaves its boundary, whatever policy it has."""
        for name, own in ENVIRONMENTS.items():
            deploy, plan = account.role(f"{deployers}-{name}"), account.role(f"gridbid-delivery-plan-{name}")
            boundary = _boundary(account, deploy)
            for role in (deploy, plan):
                if _boundary(account, role) is not account.managed[f"gridbid-{name}-boundary"]:
                    self.found.append(f"{role.name} is under the boundary {role.boundary}")
            others = [target for target in ENVIRONMENTS.values() if target.name != name]
            for other in others:
                attempts = [*on_environment(other), *on_account(name, other.name)]
                self.denies(deploy.name, attempts, list(deploy.policies.values()), boundary)
                self.denies(plan.name, attempts, list(plan.policies.values()), boundary)
                self.denies(f"a role of {name} with every permission", attempts, [EVERYTHING], boundary)
            if name not in DESTROYABLE:
                self.denies(deploy.name, on_retained(own), list(deploy.policies.values()), boundary)
                self.denies(f"a role of {name} with every permission", on_retained(own), [EVERYTHING], boundary)
            self.allows(deploy.name, needed_to_deploy(own), list(deploy.policies.values()), boundary)
            self.allows(plan.name, needed_to_plan(own), list(plan.policies.values()), boundary)

    def boundaries_pass_what_roles_are_granted(self, plan: Plan) -> None:
        """A boundary must not silently take away what a delivery role's policy grants."""
        for role in plan.roles:
            if role.boundary is not None:
                for document in role.policies.values():
                    self.allows(role.name, granted(document), [document], _boundary(plan, role))

    def boundary_passes_the_environment(self, account: Plan, name: str, environment: Plan) -> None:
        """Nor what the policies of functions, state machine, pipe, schedule and canaries grant."""
        boundary = account.managed[f"gridbid-{name}-boundary"]
        for role in environment.roles:
            if not (role.boundary or "").endswith(f":policy/gridbid-{name}-boundary"):
                self.found.append(f"{role.name} is not under the boundary of {name}")
            for document in role.policies.values():
                named = named_for(document, name, ENVIRONMENTS[name].key_arn)
                self.allows(role.name, granted(named), [named], boundary)

    def deploys(self, registry: Registry, account: Plan, deployers: str, plans: dict[str, Plan]) -> None:
        """The deploy role of an environment may call what its resources need."""
        for name in ENVIRONMENTS:
            role, kinds = account.role(f"{deployers}-{name}"), plans[name].kinds
            missing = ungranted(registry, kinds, role.policies.values(), deletes=name in DESTROYABLE)
            self.found += [
                f"{role.name} lacks `{action}` for {', '.join(missing[action])}" for action in unexplained(missing)
            ]
            self.kinds |= kinds
            self.needless |= missing.keys()

    def grants_have_reasons(self, registry: Registry, role: Role) -> None:
        """What no planned resource needs is listed with its reason."""
        reasons = {action for actions in BESIDES.values() for action in actions}
        found = unneeded(registry, self.kinds, role.policies.values())
        self.found += [f"{role.name} has `{action}`, which no resource needs" for action in sorted(found - reasons)]
        self.found += [f"{role.name} lacks `{action}`, or a resource needs it" for action in sorted(reasons - found)]

    def trusts(self, account: Plan) -> None:
        """Each role is assumed by the jobs it is for, and by no other."""
        for role in account.roles:
            name = role.name.removeprefix("gridbid-delivery-")
            for token in accepted_tokens(name):
                self.tokens += 1
                if not token.assumes(role):
                    self.found.append(f"{role.name} refuses {token}")
            for token in refused_tokens(name):
                self.tokens += 1
                if token.assumes(role):
                    self.found.append(f"{role.name} accepts {token}")


def _boundary(plan: Plan, role: Role) -> Document:
    return plan.managed[str(role.boundary).rpartition("/")[2]]


def _size(document: Document) -> int:
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def main() -> int:
    """Runs all checks; returns the exit status."""
    plans, venv = read(Path(sys.argv[1])), Path(sys.argv[2])
    reference, registry = Reference.of_environment(venv), Registry.of_environment(venv)
    check = Check()
    for run, plan in plans.items():
        check.fits(reference, run, plan)
        check.sizes_fit(run, plan)
    account = plans[ACCOUNT_RUN]
    check.isolates(account, "gridbid-delivery")
    check.isolates(plans[PIPELINE_RUN], "gridbid-delivery-pipeline")
    check.deploys(registry, account, "gridbid-delivery", plans)
    check.deploys(registry, plans[PIPELINE_RUN], "gridbid-delivery-pipeline", plans)
    check.grants_have_reasons(registry, account.role("gridbid-delivery-dev"))
    check.found += [f"no resource needs `{pattern}`, or it is granted" for pattern in stale(check.needless)]
    check.boundaries_pass_what_roles_are_granted(account)
    check.boundaries_pass_what_roles_are_granted(plans[PIPELINE_RUN])
    for name in ENVIRONMENTS:
        check.boundary_passes_the_environment(account, name, plans[name])
    check.trusts(account)
    for what, size in sorted(check.sizes.items()):
        print(f"{size:5} of {MANAGED_POLICY} characters: {what}")
    for finding in dict.fromkeys(check.found):
        print(f"finding: {finding}")
    print(
        f"{check.statements} statements, {check.denied} attempts denied, {check.allowed} needed calls allowed, {check.tokens} tokens, "
        f"{len(check.kinds)} types of resources; "
        f"largest policy {max(check.sizes.values())} of {MANAGED_POLICY} characters"
    )
    return 1 if check.found else 0


if __name__ == "__main__":
    sys.exit(main())
