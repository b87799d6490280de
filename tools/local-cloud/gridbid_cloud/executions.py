"""Journals the executions of Step Functions. The snapshot of the service holds the state machines without them.

MiniStack changes an execution in place, usually right before it adds an event to its history, and that call is hooked.
The child executions of a Distributed Map add no events, so running executions are also checked before each write.

An execution cannot continue after a restart: one that was running is restored as failed.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, now_iso

from gridbid_cloud.journal import Change, Journal
from gridbid_cloud.patching import replace

stepfunctions = app._get_module("stepfunctions")

Execution = dict[str, Any]

START, EVENT, END, FORGET, FORGET_ALL = "start", "event", "end", "forget", "forget-all"
OUTCOME = ("status", "stopDate", "output", "error", "cause")
RESTART_ERROR = "States.ServiceRestart"
RESTART_CAUSE = "Execution was running when service restarted"


class JournaledExecutions(AccountRegionScopedDict):  # type: ignore[misc]  # MiniStack has no types.
    """The executions by ARN; records insertions and removals."""

    __slots__ = ("_executions",)

    def __init__(self, executions: "Executions") -> None:
        super().__init__()
        self._executions = executions

    def __setitem__(self, arn: str, execution: Execution) -> None:
        with self._executions.journal.lock:
            super().__setitem__(arn, execution)
            self._executions.record_start(execution)

    def pop(self, arn: str, *default: Any) -> Execution:
        with self._executions.journal.lock:
            self._executions.journal.record(FORGET, arn)
            execution: Execution = super().pop(arn, *default)
        return execution

    def clear(self) -> None:
        with self._executions.journal.lock:
            self._executions.journal.record(FORGET_ALL)
            super().clear()


class Executions:
    """The journal's store of executions. `cut_off` lists those that were running when the process ended."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.cut_off: list[Execution] = []
        self._running: dict[str, Execution] = {}
        self.kinds: dict[str, Callable[..., None]] = {
            START: self._start,
            EVENT: self._event,
            END: self._end,
            FORGET: self._forget,
            FORGET_ALL: self._forget_all,
        }
        journal.before_write(self._collect)
        replace(stepfunctions, "_executions", JournaledExecutions(self))
        self._add = replace(stepfunctions, "_add_event", self._add_event)

    def is_unjournaled(self, snapshot: dict[str, Any]) -> bool:
        return bool(snapshot["executions"].all_values())

    def begin(self) -> None:
        """Does nothing: the first change of an execution has all of it."""

    def finish(self) -> None:
        for execution in stepfunctions._executions.all_values():
            if execution["status"] == "RUNNING":
                self.cut_off.append(execution)

    def summary(self) -> list[dict[str, Any]]:
        """Describes the cut-off executions, without the children of a Distributed Map."""
        return [
            {"arn": execution["executionArn"], "input": _parse(execution["input"]), "started": execution["startDate"]}
            for execution in self.cut_off
            if "mapRunArn" not in execution
        ]

    def end_cut_off(self) -> None:
        """Fails the cut-off executions, as MiniStack does when it loads a snapshot."""
        for execution in self.cut_off:
            execution.update(status="FAILED", stopDate=now_iso(), error=RESTART_ERROR, cause=RESTART_CAUSE)
            details = {"error": RESTART_ERROR, "cause": RESTART_CAUSE}
            self._add_event(execution, "ExecutionFailed", {"executionFailedEventDetails": details})

    def count(self) -> int:
        return sum(2 + len(execution["events"]) for execution in stepfunctions._executions.all_values())

    def changes(self) -> Iterator[Change]:
        for execution in stepfunctions._executions.all_values():
            yield [START, execution]

    def _collect(self) -> None:
        """Records the end of executions that ended without an event."""
        for execution in list(self._running.values()):
            if execution["status"] != "RUNNING" and execution["stopDate"] is not None:
                self._record_end(execution)

    def record_start(self, execution: Execution) -> None:
        """Records a new execution. The caller holds the journal's lock."""
        self._running[execution["executionArn"]] = execution
        self.journal.record(START, execution)

    def _record_end(self, execution: Execution) -> None:
        outcome = {field: execution[field] for field in OUTCOME if field in execution}
        self.journal.record(END, execution["executionArn"], outcome)
        self._running.pop(execution["executionArn"], None)

    def _add_event(self, execution: Execution, kind: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
        with self.journal.lock:
            event: dict[str, Any] = self._add(execution, kind, details)
            if "executionArn" not in execution:
                # TestState runs a state outside of any execution.
                return event
            self.journal.record(EVENT, execution["executionArn"], event)
            if execution["status"] != "RUNNING":
                self._record_end(execution)
        return event

    def _start(self, execution: Execution) -> None:
        account, region = _scope(execution["executionArn"])
        stepfunctions._executions.set_scoped(account, region, execution["executionArn"], execution)

    def _event(self, arn: str, event: dict[str, Any]) -> None:
        execution = stepfunctions._executions.get_scoped(*_scope(arn), arn)
        if execution is not None:
            execution["events"].append(event)

    def _end(self, arn: str, outcome: dict[str, Any]) -> None:
        execution = stepfunctions._executions.get_scoped(*_scope(arn), arn)
        if execution is not None:
            execution.update(outcome)

    def _forget(self, arn: str) -> None:
        stepfunctions._executions.pop_scoped(*_scope(arn), arn, None)

    def _forget_all(self) -> None:
        stepfunctions._executions._data.clear()


def without_executions(_executions: AccountRegionScopedDict) -> AccountRegionScopedDict:
    """Reduces the executions to their snapshot: none."""
    return AccountRegionScopedDict()


def _scope(arn: str) -> tuple[str, str]:
    """Returns the account and the region of an ARN."""
    parts = arn.split(":")
    return parts[4], parts[3]


def _parse(text: str) -> Any:
    """Parses an input, which MiniStack does not require to be JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
