"""Journals the messages of SQS. The snapshot of the service holds the queues without their messages.

Each queue gets a unique id, which its snapshot keeps: the messages of a deleted queue never appear in a later one of
the same name. SQS, SNS, EventBridge, S3 and Lambda all change a queue through the list of its messages, so the list and
the queue that holds it record the changes.

MiniStack removes messages by replacing the list, from several threads. A message that another thread appended
meanwhile would be lost. A queue therefore keeps one list, and a removal holds the journal's lock from its read to its
write, as an append does.
"""

import copy
import functools
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from ministack import app
from ministack.core.responses import AccountRegionScopedDict

from gridbid_cloud.journal import Change, Journal
from gridbid_cloud.patching import replace

sqs = app._get_module("sqs")

Message = dict[str, Any]
Action = Callable[[dict[str, Any], str], dict[str, Any]]

SEND, DELIVER, REMOVE, PURGE, FIFO = "send", "deliver", "unsend", "purge", "fifo"
ID = "gridbid_id"
# What a receive or a change of visibility writes into a message.
DELIVERY = ("visible_at", "receipt_handle", "receive_count", "first_receive_at")

find_queue = sqs._get_q
ensure_message_fields = sqs._ensure_msg_fields
DEDUPLICATION_SECONDS = sqs._DEDUP_WINDOW_S


class Messages(list[Message]):
    """The messages of a queue, in order. Records each change of the list."""

    def __init__(self, messages: list[Message], queue_id: str, journal: Journal) -> None:
        super().__init__(messages)
        self._queue_id = queue_id
        self._journal = journal

    def append(self, message: Message) -> None:
        with self._journal.lock:
            super().append(message)
            self._journal.record(SEND, self._queue_id, message)

    def remove(self, message: Message) -> None:
        with self._journal.lock:
            super().remove(message)
            self._journal.record(REMOVE, self._queue_id, message["id"])

    def clear(self) -> None:
        with self._journal.lock:
            super().clear()
            self._journal.record(PURGE, self._queue_id)


class Queue(dict[str, Any]):
    """A queue that records the messages which a new list omits."""

    def __init__(self, queue: dict[str, Any], journal: Journal) -> None:
        super().__init__(queue)
        self._journal = journal
        self.setdefault(ID, uuid.uuid4().hex)
        self.restore(self["messages"])

    def restore(self, messages: list[Message]) -> None:
        """Replaces the messages without recording it."""
        present = self["messages"]
        if isinstance(present, Messages):
            present[:] = messages
        else:
            super().__setitem__("messages", Messages(messages, self[ID], self._journal))

    def __setitem__(self, key: str, value: Any) -> None:
        if key != "messages":
            super().__setitem__(key, value)
            return
        with self._journal.lock:
            kept = {message["id"] for message in value}
            removed = [message["id"] for message in self["messages"] if message["id"] not in kept]
            self.restore(value)
            for message_id in removed:
                self._journal.record(REMOVE, self[ID], message_id)


class JournaledQueues(AccountRegionScopedDict):  # type: ignore[misc]  # MiniStack has no types.
    """The queues by URL; turns each dict into a `Queue`."""

    __slots__ = ("_journal",)

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def __setitem__(self, url: str, queue: dict[str, Any]) -> None:
        super().__setitem__(url, Queue(queue, self._journal))

    def set_scoped(self, account: str, region: str, url: str, queue: dict[str, Any]) -> None:
        super().set_scoped(account, region, url, Queue(queue, self._journal))

    def update(self, other: Any) -> None:
        super().update(other)
        for key, queue in self.all_items():
            if not isinstance(queue, Queue):
                self._data[key] = Queue(queue, self._journal)


class Queues:
    """The journal's store of messages."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by_id: dict[str, Queue] = {}
        self._restored: dict[str, dict[str, Message]] = {}
        self.kinds: dict[str, Callable[..., None]] = {
            SEND: self._send,
            DELIVER: self._deliver,
            REMOVE: self._remove,
            PURGE: self._purge,
            FIFO: self._fifo,
        }
        replace(sqs, "_queues", JournaledQueues(journal))
        self._collect = replace(sqs, "_collect_msgs", self._collect_messages)
        for action in ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch"):
            sqs._HANDLERS[action] = self._record_visibility(sqs._HANDLERS[action])
        for action in ("DeleteMessage", "DeleteMessageBatch"):
            sqs._HANDLERS[action] = self._locked(sqs._HANDLERS[action])
        for removal in ("_expire_retained", "_dlq_sweep"):
            replace(sqs, removal, self._locked(getattr(sqs, removal)))
        # MiniStack's function would take its own lock after the journal's; a receive takes them in the other order.
        replace(sqs, "_delete_messages_for_esm", self._delete)

    def is_unjournaled(self, snapshot: dict[str, Any]) -> bool:
        return any(ID not in queue for queue in snapshot["queues"].all_values())

    def begin(self) -> None:
        self._by_id = {queue[ID]: queue for queue in sqs._queues.all_values()}
        self._restored = {
            queue_id: {message["id"]: message for message in queue["messages"]}
            for queue_id, queue in self._by_id.items()
        }

    def finish(self) -> None:
        for queue_id, messages in self._restored.items():
            for message in messages.values():
                ensure_message_fields(message)
            self._by_id[queue_id].restore(list(messages.values()))
        self._by_id, self._restored = {}, {}

    def count(self) -> int:
        return sum(len(queue["messages"]) for queue in sqs._queues.all_values())

    def changes(self) -> Iterator[Change]:
        for queue in sqs._queues.all_values():
            if queue["is_fifo"]:
                yield [FIFO, queue[ID], queue["fifo_seq"], queue["dedup_cache"]]
            for message in queue["messages"]:
                yield [SEND, queue[ID], message]

    def _send(self, queue_id: str, message: Message) -> None:
        queue = self._by_id.get(queue_id)
        if queue is None:
            return
        self._restored[queue_id][message["id"]] = message
        if queue["is_fifo"] and message.get("seq"):
            queue["fifo_seq"] = max(queue["fifo_seq"], int(message["seq"]))
        if message.get("dedup_cache_key"):
            queue["dedup_cache"][message["dedup_cache_key"]] = {
                "expire": message["sent_at"] + DEDUPLICATION_SECONDS,
                "id": message["id"],
                "md5": message["md5_body"],
                "md5a": message["md5_attrs"],
                "seq": message["seq"],
            }

    def _deliver(self, queue_id: str, message_id: str, *delivery: Any) -> None:
        message = self._restored.get(queue_id, {}).get(message_id)
        if message is not None:
            message.update(zip(DELIVERY, delivery, strict=True))

    def _remove(self, queue_id: str, message_id: str) -> None:
        self._restored.get(queue_id, {}).pop(message_id, None)

    def _purge(self, queue_id: str) -> None:
        self._restored.get(queue_id, {}).clear()

    def _fifo(self, queue_id: str, sequence: int, deduplication: dict[str, Any]) -> None:
        queue = self._by_id.get(queue_id)
        if queue is not None:
            queue["fifo_seq"] = max(queue["fifo_seq"], sequence)
            queue["dedup_cache"].update(deduplication)

    def _collect_messages(self, queue: Queue, limit: int, visibility: int) -> list[Message]:
        with self._journal.lock:
            messages: list[Message] = self._collect(queue, limit, visibility)
            for message in messages:
                self._record_delivery(queue, message)
        return messages

    def _locked(self, change: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(change)
        def change_locked(*arguments: Any) -> Any:
            with self._journal.lock:
                return change(*arguments)

        return change_locked

    def _delete(self, url: str, receipt_handles: set[str]) -> None:
        with self._journal.lock:
            queue = find_queue(url)
            queue["messages"] = [each for each in queue["messages"] if each["receipt_handle"] not in receipt_handles]

    def _record_visibility(self, action: Action) -> Action:
        def change(request: dict[str, Any], url: str) -> dict[str, Any]:
            with self._journal.lock:
                result = action(request, url)
                entries = request.get("Entries", [request])
                handles = {entry.get("ReceiptHandle") for entry in entries} - {None}
                queue = find_queue(request.get("QueueUrl", url))
                for message in queue["messages"]:
                    if message["receipt_handle"] in handles:
                        self._record_delivery(queue, message)
            return result

        return change

    def _record_delivery(self, queue: Queue, message: Message) -> None:
        self._journal.record(DELIVER, queue[ID], message["id"], *(message[field] for field in DELIVERY))


def without_messages(queues: AccountRegionScopedDict) -> AccountRegionScopedDict:
    """Reduces the queues to their snapshot: without messages."""
    stripped = AccountRegionScopedDict()
    for (account, region, url), queue in queues.all_items():
        description = {key: value for key, value in queue.items() if key != "messages"}
        stripped.set_scoped(account, region, url, {**copy.deepcopy(description), "messages": []})
    return stripped
