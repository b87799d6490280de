"""Exceptions for auction results, summaries and memory. Violations in submitted orders are in `orders`."""


class InputTooLarge(MemoryError):
    """The module ran out of memory. Its instance is discarded; later calls use a new one."""


class _CodedError(ValueError):
    """An error with a code and a message from core."""

    code: str
    """Kind of problem, in snake_case. Permanent."""
    message: str
    """A sentence in English."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class InvalidResults(_CodedError):
    """The results break the platform's contract as a whole."""


class MalformedOrder(_CodedError):
    """The order is malformed and has no canonical form."""


class InvalidSummaries(_CodedError):
    """The summaries cannot be added up."""
