"""Journal file: units, torn lines, failed writes, and kills during a compaction."""

import os
import shutil
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from gridbid_cloud import journal as journal_module
from gridbid_cloud.journal import BACKGROUND_SECONDS, Change, Journal, JournalError, Replay
from tests.cloud import START, CloudTest, all_items, create_table


class Numbers:
    """A store of numbers by name."""

    def __init__(self) -> None:
        self.present: dict[str, int] = {}
        self.kinds = {"set": self._set}

    def _set(self, name: str, number: int) -> None:
        self.present[name] = number

    def is_unjournaled(self, _snapshot: dict) -> bool:
        return False

    def begin(self) -> None:
        self.present.clear()

    def finish(self) -> None:
        pass

    def count(self) -> int:
        return len(self.present)

    def changes(self) -> Iterator[Change]:
        for name, number in self.present.items():
            yield ["set", name, number]


class JournalTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="gridbid-journal-"))
        self.addCleanup(shutil.rmtree, folder)
        self.path = folder / "journal"
        self.journal, self.numbers = self.open()

    def open(self) -> tuple[Journal, Numbers]:
        numbers = Numbers()
        journal = Journal(self.path)
        journal.add_store(numbers)
        self.replayed = journal.replay()
        self.addCleanup(lambda: os.close(journal._file))
        return journal, numbers

    def set(self, name: str, number: int) -> None:
        self.numbers.present[name] = number
        self.journal.record("set", name, number)

    def restored(self) -> dict[str, int]:
        return self.open()[1].present

    def test_written_changes_are_restored(self) -> None:
        self.set("one", 1)
        self.set("two", 2)
        self.journal.flush()
        self.set("unwritten", 3)
        self.assertEqual(self.restored(), {"one": 1, "two": 2})
        self.assertEqual(self.replayed, Replay(2, 0))

    def test_torn_unit_is_truncated_completely(self) -> None:
        self.set("one", 1)
        self.journal.flush()
        size = self.path.stat().st_size
        with self.journal.unit():
            self.set("two", 2)
            self.set("three", 3)
        self.journal.flush()
        whole = self.path.read_bytes()
        for end in range(size, len(whole)):
            self.path.write_bytes(whole[:end])
            self.journal, numbers = self.open()
            self.assertEqual(numbers.present, {"one": 1})
            self.assertEqual(self.replayed.torn_bytes, end - size)
            self.assertEqual(self.path.stat().st_size, size)
        self.set("four", 4)
        self.journal.flush()
        self.assertEqual(self.restored(), {"one": 1, "four": 4})

    def test_torn_header_is_replaced(self) -> None:
        self.path.write_bytes(b'["grid')
        self.assertEqual(self.restored(), {})
        self.set("one", 1)
        self.journal.flush()
        self.assertEqual(self.restored(), {"one": 1})

    def test_damaged_line_stops_the_start(self) -> None:
        self.set("one", 1)
        self.journal.flush()
        self.path.write_bytes(self.path.read_bytes().replace(b"one", b'o"e') + b"[]\n")
        with self.assertRaisesRegex(JournalError, "line 2 of .* is damaged"):
            self.open()

    def test_newer_format_stops_the_start(self) -> None:
        self.path.write_bytes(b'["gridbid-journal",2]\n')
        with self.assertRaisesRegex(JournalError, "another format"):
            self.open()

    def test_failed_write_is_truncated_and_repeated(self) -> None:
        self.set("one", 1)
        self.journal.flush()
        size = self.path.stat().st_size
        self.set("two", 2)
        write, writes = os.write, []

        def write_half(file: int, data: bytes) -> int:
            writes.append(data)
            if len(writes) > 1:
                raise OSError(28, "No space left on device")
            return write(file, data[: len(data) // 2])

        with mock.patch.object(os, "write", write_half), self.assertRaises(OSError):
            self.journal.flush()
        self.assertEqual(len(writes), 2)
        self.assertEqual(self.path.stat().st_size, size)
        self.assertIsNotNone(self.journal.failure)
        self.set("three", 3)
        self.journal.flush()
        self.assertIsNone(self.journal.failure)
        self.assertEqual(self.restored(), {"one": 1, "two": 2, "three": 3})

    def test_background_changes_are_written_soon(self) -> None:
        self.journal.start_background_writes()
        self.set("one", 1)
        began = time.monotonic()
        while b'"one"' not in self.path.read_bytes():
            self.assertLess(time.monotonic() - began, 20 * BACKGROUND_SECONDS)

    def test_compaction_keeps_the_present_state(self) -> None:
        for number in range(100):
            self.set("one", number)
        self.journal.flush()
        size = self.path.stat().st_size
        self.journal.compact()
        self.assertLess(self.path.stat().st_size, size // 10)
        self.set("two", 2)
        self.journal.flush()
        self.assertEqual(self.restored(), {"one": 99, "two": 2})
        self.assertEqual(self.replayed.changes, 2)

    def test_failed_compaction_leaves_the_journal_as_it_is(self) -> None:
        self.set("one", 1)
        self.journal.flush()
        with mock.patch.object(os, "fsync", side_effect=OSError(28, "No space left on device")):
            self.assertRaises(OSError, self.journal.compact)
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])
        self.set("two", 2)
        self.journal.flush()
        self.assertEqual(self.restored(), {"one": 1, "two": 2})

    def test_garbage_is_counted_relative_to_the_present_state(self) -> None:
        with mock.patch.object(journal_module, "GARBAGE_ALLOWED", 10):
            self.set("one", 1)
            self.assertFalse(self.journal.is_mostly_garbage(12))
            self.assertTrue(self.journal.is_mostly_garbage(13))


# Starts the local cloud so that it compacts its journal, and kills it right before `os.{call}`.
KILLED_COMPACTION = """
import os, runpy, signal
from gridbid_cloud import journal
journal.GARBAGE_ALLOWED = -1_000_000
call = os.{call}
def kill(*arguments):
    if "{path}" in str(arguments) or "{call}" == "fsync":
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*arguments)
os.{call} = kill
runpy.run_path({start!r}, run_name="__main__")
"""


class KilledCompactionTest(CloudTest):
    def test_kill_at_any_point_of_a_compaction_loses_nothing(self) -> None:
        self.cloud.start()
        dynamodb = self.cloud.client("dynamodb")
        create_table(dynamodb, "orders")
        for number in range(50):
            dynamodb.put_item(TableName="orders", Item={"id": {"S": str(number)}})
        self.cloud.kill()
        for call, path in (("fsync", ""), ("replace", "journal.new")):
            program = self.cloud.folder / f"killed_at_{call}.py"
            text = KILLED_COMPACTION.format(call=call, path=path, start=str(START))
            program.write_text(f"import sys; sys.path.insert(0, {str(START.parent)!r})\n{text}")
            self.cloud.start(program=program, wait=False)
            self.assertEqual(self.cloud.exit_code(), -9, self.cloud.log)
            self.assertTrue(self.cloud.journal.with_suffix(".new").exists())
        self.cloud.start()
        self.assertEqual(len(all_items(dynamodb, "orders")), 50)
