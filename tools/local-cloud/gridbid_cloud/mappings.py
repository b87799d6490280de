"""Fills the batches of SQS event source mappings, if the function's role allows it.

AWS gathers a batch of up to `BatchSize` messages from several receives, with the function's role. MiniStack 1.5.33
invokes with one receive, which has at most 10 messages, as the account's root.
"""

import logging
from typing import Any

from ministack import app
from ministack.services import lambda_svc

from gridbid_cloud import authorization
from gridbid_cloud.patching import replace

sqs = app._get_module("sqs")

logger = logging.getLogger("gridbid.mappings")

# AWS refuses to create a mapping whose role lacks one of them.
ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def patch() -> None:
    """Replaces MiniStack's receive for mappings."""
    receive = sqs._receive_messages_for_esm

    def receive_batch(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
        if reason := _denial(sqs._get_q(queue_url)["attributes"]["QueueArn"]):
            logger.warning("a mapping receives nothing: %s", reason)
            return []
        batch: list[dict[str, Any]] = []
        while len(batch) < batch_size and (more := receive(queue_url, batch_size - len(batch))):
            batch += more
        return batch

    replace(sqs, "_receive_messages_for_esm", receive_batch)


def _denial(queue_arn: str) -> str | None:
    """Returns why the role of a function that a queue is mapped to cannot poll the queue."""
    mappings = [mapping for _, _, mapping in lambda_svc._iter_all_esms() if mapping.get("EventSourceArn") == queue_arn]
    functions = [
        lambda_svc._functions[name] for each in mappings if (name := each["FunctionName"]) in lambda_svc._functions
    ]
    calls = [(action, queue_arn) for action in ACTIONS]
    reasons = (authorization.first_denial(function["config"]["Role"], calls) for function in functions)
    return next((reason for reason in reasons if reason is not None), None)
