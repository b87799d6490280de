"""Saves log events and metrics at a clean stop only; a kill loses those since the last one.

Snapshots exclude them, since each change of a log group or an alarm would write all of them.
"""

import copy
import json
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core.persistence import _json_default as encode_store
from ministack.core.persistence import _json_object_hook as decode_store
from ministack.core.responses import AccountRegionScopedDict

from gridbid_cloud.snapshots import reduce_state, replace_file

logs = app._get_module("cloudwatch_logs")
metrics = app._get_module("cloudwatch")


class Telemetry:
    """The log events and metrics."""

    def __init__(self, path: Path) -> None:
        self._path = path
        reduce_state(logs, {"log_groups": without_events, "log_records": _nothing})
        reduce_state(metrics, {"metrics": _nothing})

    def save(self) -> None:
        """Saves all log events and metrics."""
        events = AccountRegionScopedDict()
        for (account, region, group), description in logs._log_groups.all_items():
            streams = {name: stream["events"] for name, stream in description["streams"].items()}
            events.set_scoped(account, region, group, streams)
        state = {"events": events, "log_records": logs._log_records, "metrics": metrics._metrics}
        replace_file(self._path, json.dumps(state, default=encode_store).encode())

    def load(self) -> None:
        """Restores the saved events of existing log groups, and the metrics."""
        if not self._path.exists():
            return
        state: dict[str, Any] = json.loads(self._path.read_bytes(), object_hook=decode_store)
        for (account, region, group), streams in state["events"].all_items():
            description = logs._log_groups.get_scoped(account, region, group, {"streams": {}})
            for name, events in streams.items():
                if name in description["streams"]:
                    description["streams"][name]["events"] = events
        logs._log_records.update(state["log_records"])
        metrics._metrics.update(state["metrics"])


def without_events(groups: AccountRegionScopedDict) -> AccountRegionScopedDict:
    """Reduces the log groups to their snapshot: without events."""
    stripped = AccountRegionScopedDict()
    for (account, region, name), group in groups.all_items():
        description = copy.deepcopy({key: value for key, value in group.items() if key != "streams"})
        streams = {stream: {**details, "events": []} for stream, details in group["streams"].items()}
        stripped.set_scoped(account, region, name, {**description, "streams": streams})
    return stripped


def _nothing(_store: AccountRegionScopedDict) -> AccountRegionScopedDict:
    return AccountRegionScopedDict()
