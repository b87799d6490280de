"""Validates and parses orders for Gridbid's auction, decides results, and adds up a day.

The package runs Gridbid's compiled Rust core as WebAssembly and contains no other rules. The README has examples.
"""

from .bundle import precompile
from .errors import InputTooLarge, InvalidResults, InvalidSummaries, MalformedOrder
from .limits import BULK, DEFAULT, Limits
from .orders import InvalidOrders, Order, Orders, parse_orders
from .report import Report, Violation, ViolationCode, validate_orders
from .results import (
    Accepted,
    DayReport,
    Malformed,
    Outcome,
    Rejected,
    Results,
    day_report,
    decide_outcome,
    order_hash,
    read_results,
)
from .source import Source

__version__ = "0.1.0"

__all__ = [
    "BULK",
    "DEFAULT",
    "Accepted",
    "DayReport",
    "InputTooLarge",
    "InvalidOrders",
    "InvalidResults",
    "InvalidSummaries",
    "Limits",
    "Malformed",
    "MalformedOrder",
    "Order",
    "Orders",
    "Outcome",
    "Rejected",
    "Report",
    "Results",
    "Source",
    "Violation",
    "ViolationCode",
    "day_report",
    "decide_outcome",
    "order_hash",
    "parse_orders",
    "precompile",
    "read_results",
    "validate_orders",
]
