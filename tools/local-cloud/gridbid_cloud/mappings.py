"""Fills the batches of SQS event source mappings.

AWS gathers a batch of up to `BatchSize` messages from several receives. MiniStack 1.5.33 invokes with one receive,
which has at most 10 messages.
"""

from typing import Any

from ministack import app

from gridbid_cloud.patching import replace

sqs = app._get_module("sqs")


def patch() -> None:
    """Replaces MiniStack's receive for mappings."""
    receive = sqs._receive_messages_for_esm

    def receive_batch(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        while len(batch) < batch_size and (more := receive(queue_url, batch_size - len(batch))):
            batch += more
        return batch

    replace(sqs, "_receive_messages_for_esm", receive_batch)
