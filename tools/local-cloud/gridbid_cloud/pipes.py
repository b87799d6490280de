"""Gives EventBridge Pipes SQS targets, filters, source and target parameters, and their role.

MiniStack 1.5.33 delivers the records of a DynamoDB stream to SNS and Step Functions, without filters, as the account's
root, and drops the parameters of a pipe. Filters here are event patterns of equalities; a pipe with anything else is
refused, because it would deliver other records than on AWS.

Stream records live in memory. After a restart, the stream therefore gets a `MODIFY` record for each item that a pipe's
filter matches: an item whose record was not delivered before is delivered, others possibly again.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ministack import app
from ministack.core.responses import _request_account_id, _request_region

from gridbid_cloud import authorization
from gridbid_cloud.calls import Response
from gridbid_cloud.patching import replace

pipes = app._get_module("pipes")
dynamodb = app._get_module("dynamodb")
sqs = app._get_module("sqs")

logger = logging.getLogger("gridbid.pipes")

Pipe = dict[str, Any]
Record = dict[str, Any]
Pattern = dict[str, Any]
Body = dict[str, Any]
Operation = Callable[[str, Body], Response]

# What a description of a pipe returns as it was given.
KEPT = ("SourceParameters", "TargetParameters", "LogConfiguration", "KmsKeyIdentifier")
# What a pipe does with its source and with a queue.
READS = ("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords")
SCALARS = (str, int, float, bool, type(None))
STREAM = "DynamoDBStreamParameters"


class UnsupportedError(Exception):
    """A setting of a pipe that would be ignored."""


def patch() -> None:
    """Replaces MiniStack's delivery, and the operations that take parameters."""
    deliver = pipes._deliver_batch
    describe = pipes._describe_response
    load = pipes.load_persisted_state
    replace(pipes, "_deliver_batch", lambda pipe, records: _deliver(pipe, records, deliver))
    replace(pipes, "_describe_response", lambda pipe: describe(pipe) | _parameters(pipe))
    replace(pipes, "_create_pipe", _with_parameters(pipes._create_pipe, _start))
    replace(pipes, "_update_pipe", _with_parameters(pipes._update_pipe, _keep))
    replace(pipes, "load_persisted_state", lambda state: _restore(state, load))


def matches(pattern: Pattern, record: Any) -> bool:
    """Whether a record has one of the values of each field of a pattern."""
    if not isinstance(record, dict):
        return False
    return all(
        name in record and (matches(values, record[name]) if isinstance(values, dict) else record[name] in values)
        for name, values in pattern.items()
    )


def _with_parameters(operation: Operation, keep: Callable[[Pipe, Body], None]) -> Operation:
    def operate(name: str, body: Body) -> Response:
        try:
            _check(body)
        except UnsupportedError as error:
            logger.error("pipe %s is refused: %s", name, error)
            return pipes._error(400, "ValidationException", str(error))  # type: ignore[no-any-return]
        response = operation(name, body)
        if response[0] < 400:
            pipe = pipes._pipes[name]
            keep(pipe, body)
            pipes._pipes[name] = pipe
        return response

    return operate


def _keep(pipe: Pipe, body: Body) -> None:
    given = {name: body[name] for name in KEPT if name in body}
    if "SourceParameters" in given:
        # An update has no starting position, and leaves out what does not change.
        old = pipe.get("SourceParameters", {})
        merged = old | given["SourceParameters"]
        if STREAM in merged:
            merged[STREAM] = old.get(STREAM, {}) | merged[STREAM]
        given["SourceParameters"] = merged
    pipe.update(given)


def _start(pipe: Pipe, body: Body) -> None:
    _keep(pipe, body)
    pipe["StartingPosition"] = (
        _parameters(pipe).get("SourceParameters", {}).get(STREAM, {}).get("StartingPosition", "LATEST")
    )
    pipes._positions[pipe["Arn"]] = pipes._initial_position(pipe)


def _parameters(pipe: Pipe) -> dict[str, Any]:
    return {name: pipe[name] for name in KEPT if name in pipe}


def _check(body: Body) -> None:
    if body.get("Enrichment"):
        raise UnsupportedError("the local cloud's pipes have no enrichment")
    target = {name for name, value in (body.get("TargetParameters") or {}).items() if value}
    if pipes._arn_service(body.get("Target", "")) == "sqs" and target:
        raise UnsupportedError(f"the local cloud's pipes to SQS have no target parameters: {', '.join(sorted(target))}")
    for pattern in _patterns(body):
        _check_pattern(pattern)


def _check_pattern(pattern: Any) -> None:
    if not isinstance(pattern, dict) or not pattern:
        raise UnsupportedError("a filter's pattern must be a JSON object with at least one field")
    for name, values in pattern.items():
        if isinstance(values, dict):
            _check_pattern(values)
        elif not isinstance(values, list) or not all(isinstance(value, SCALARS) for value in values):
            raise UnsupportedError(f"the local cloud's filters compare with a list of values, and `{name}` does not")


def _patterns(pipe: Pipe) -> list[Pattern]:
    filters = ((pipe.get("SourceParameters") or {}).get("FilterCriteria") or {}).get("Filters") or []
    try:
        return [json.loads(each["Pattern"]) for each in filters]
    except (KeyError, TypeError, ValueError) as error:
        raise UnsupportedError(f"a filter has no pattern in JSON: {error}") from error


def _is_wanted(patterns: list[Pattern], record: Record) -> bool:
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def _deliver(pipe: Pipe, records: list[Record], deliver: Callable[[Pipe, list[Record]], bool]) -> bool:
    """Delivers the records that the filter matches. Returns whether all reached the target."""
    if reason := _denial(pipe):
        logger.warning("pipe %s holds %d records: %s", pipe["Name"], len(records), reason)
        return False
    patterns = _patterns(pipe)
    wanted = [record for record in records if _is_wanted(patterns, record)]
    if not wanted:
        return True
    if pipes._arn_service(pipe["Target"]) != "sqs":
        return deliver(pipe, wanted)
    queue = sqs._queue_by_arn(pipe["Target"])
    if queue is None:
        logger.warning("pipe %s holds %d records: there is no queue %s", pipe["Name"], len(wanted), pipe["Target"])
        return False
    # One message per record, as on AWS. The queue's journal records each.
    for record in wanted:
        sqs._act_send_message({"MessageBody": json.dumps(record, ensure_ascii=False)}, _url(pipe["Target"]))
    return True


def _denial(pipe: Pipe) -> str | None:
    """Returns why the role of a pipe cannot read its source or send to its queue."""
    calls = [*((action, pipe["Source"]) for action in READS), ("dynamodb:ListStreams", "*")]
    if pipes._arn_service(pipe["Target"]) == "sqs":
        calls.append(("sqs:SendMessage", pipe["Target"]))
    return authorization.first_denial(pipe["RoleArn"], calls)


def _url(queue_arn: str) -> str:
    return str(sqs._queue_url(queue_arn.rpartition(":")[2]))


def _restore(state: dict[str, Any], load: Callable[[dict[str, Any]], None]) -> None:
    """Restores the pipes, and the stream records that they have not delivered."""
    load(state)
    # MiniStack starts its poller for restored pipes that run, but not when a restored pipe is started.
    pipes._ensure_poller()
    for account, region, pipe in pipes._iter_all_pipes():
        with _scope(account, region):
            source = pipes._dynamodb_stream_source(pipe["Source"])
            if source is None:
                continue
            # The stream is empty now. A stopped pipe reads the records when it is started.
            pipes._positions[pipe["Arn"]] = dynamodb.stream_end_position(source[1], account_id=account, region=region)
            for item in list(_matching_items(source[1], _patterns(pipe))):
                dynamodb._emit_stream_event(source[1], "MODIFY", None, item, replicate=False)


def _matching_items(table_name: str, patterns: list[Pattern]) -> Iterator[dict[str, Any]]:
    table = dynamodb._tables.get(table_name)
    if table is None:
        return
    for items in table["items"].values():
        for item in items.values():
            if _is_wanted(patterns, {"eventName": "MODIFY", "dynamodb": {"NewImage": item, "Keys": item}}):
                yield item


@contextmanager
def _scope(account: str, region: str) -> Iterator[None]:
    """Sets the account and the region of MiniStack's functions."""
    tokens = _request_account_id.set(account), _request_region.set(region)
    try:
        yield
    finally:
        _request_account_id.reset(tokens[0])
        _request_region.reset(tokens[1])
