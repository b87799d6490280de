"""The list of a queue's messages, which several threads change."""

import unittest
from pathlib import Path

from gridbid_cloud.journal import Journal
from gridbid_cloud.queues import Queue


class QueueTest(unittest.TestCase):
    def test_a_message_appended_to_a_list_read_before_a_removal_is_kept(self) -> None:
        first, second, third = ({"id": name} for name in ("first", "second", "third"))
        queue = Queue({"messages": [first, second]}, Journal(Path("unused")))
        messages = queue["messages"]
        queue["messages"] = [second]
        messages.append(third)
        self.assertEqual(queue["messages"], [second, third])
