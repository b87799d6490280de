"""Journals the items of DynamoDB's tables. The snapshot of the service holds the tables without their items.

A table is known by its `TableId`: the items of a deleted table never appear in a later one of the same name.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, get_account_id

from gridbid_cloud.calls import Response
from gridbid_cloud.journal import Change, Journal
from gridbid_cloud.patching import replace

dynamodb = app._get_module("dynamodb")

Item = dict[str, Any]
Table = dict[str, Any]
Transaction = Callable[[dict[str, Any]], Response]

PUT, REMOVE, CLEAR = "put", "remove", "clear"

INTERNAL_KEYS = {"items", dynamodb._INDEX_MEMBERS}


class Tables:
    """The journal's store of items."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by_id: dict[str, Table] = {}
        self.kinds: dict[str, Callable[..., None]] = {PUT: self._put, REMOVE: self._remove, CLEAR: self._clear}
        self._set = replace(dynamodb, "_set_item", self._set_item)
        self._delete = replace(dynamodb, "_remove_item", self._remove_item)
        self._count = replace(dynamodb, "_items_replaced", self._items_replaced)
        self._replicate = replace(dynamodb, "_create_replica", self._create_replica)
        for transaction in ("_transact_write_items", "_execute_transaction"):
            replace(dynamodb, transaction, self._as_unit(getattr(dynamodb, transaction)))

    def is_unjournaled(self, snapshot: dict[str, Any]) -> bool:
        return any(table["items"] for table in snapshot["tables"].all_values())

    def begin(self) -> None:
        self._by_id = {table["TableId"]: table for table in dynamodb._tables.all_values()}

    def finish(self) -> None:
        for table in self._by_id.values():
            self._count(table)
        self._by_id = {}

    def count(self) -> int:
        return sum(table["ItemCount"] for table in dynamodb._tables.all_values())

    def changes(self) -> Iterator[Change]:
        for table in dynamodb._tables.all_values():
            yield from self._all_items(table)

    def _put(self, table_id: str, partition: str, sort: str, item: Item) -> None:
        table = self._by_id.get(table_id)
        if table is not None:
            table["items"][partition][sort] = item

    def _remove(self, table_id: str, partition: str, sort: str) -> None:
        table = self._by_id.get(table_id)
        if table is None or partition not in table["items"]:
            return
        table["items"][partition].pop(sort, None)
        if not table["items"][partition]:
            del table["items"][partition]

    def _clear(self, table_id: str) -> None:
        table = self._by_id.get(table_id)
        if table is not None:
            table["items"] = defaultdict(dict)

    def _set_item(self, table: Table, partition: str, sort: str, item: Item) -> Item | None:
        with self._journal.lock:
            old: Item | None = self._set(table, partition, sort, item)
            self._journal.record(PUT, table["TableId"], partition, sort, item)
        return old

    def _remove_item(self, table: Table, partition: str, sort: str) -> Item | None:
        with self._journal.lock:
            old: Item | None = self._delete(table, partition, sort)
            if old is not None:
                self._journal.record(REMOVE, table["TableId"], partition, sort)
        return old

    def _items_replaced(self, table: Table) -> None:
        with self._journal.lock:
            self._count(table)
            self._record_all(table)

    def _create_replica(self, name: str, table: Table, region: str) -> None:
        with self._journal.lock:
            self._replicate(name, table, region)
            self._record_all(dynamodb._tables.get_scoped(get_account_id(), region, name))

    def _record_all(self, table: Table) -> None:
        with self._journal.unit():
            self._journal.record(CLEAR, table["TableId"])
            for change in self._all_items(table):
                self._journal.record(*change)

    def _all_items(self, table: Table) -> Iterator[Change]:
        for partition, items in table["items"].items():
            for sort, item in items.items():
                yield [PUT, table["TableId"], partition, sort, item]

    def _as_unit(self, transaction: Transaction) -> Transaction:
        """Wraps a transaction so that its changes are one unit, and a rolled back one records nothing."""

        def transact(request: dict[str, Any]) -> Response:
            with self._journal.unit() as unit:
                response = transaction(request)
                if response[0] != 200:
                    unit.clear()
            return response

        return transact


def without_items(tables: AccountRegionScopedDict) -> AccountRegionScopedDict:
    """Reduces the tables to their snapshot: without items."""
    stripped = AccountRegionScopedDict()
    for (account, region, name), table in tables.all_items():
        description = {key: value for key, value in table.items() if key not in INTERNAL_KEYS}
        stripped.set_scoped(account, region, name, {**copy.deepcopy(description), "items": {}})
    return stripped
