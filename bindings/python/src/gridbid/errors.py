"""Errors other than invalid orders. Codes and messages are core's."""


class InputTooLarge(MemoryError):
    """There is not enough memory for an input. The next call works."""


class _Refused(ValueError):
    """core refused a document."""

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


class InvalidResults(_Refused):
    """The results break the platform's contract as a whole."""


class MalformedOrder(_Refused):
    """The order is malformed and has no canonical form."""


class InvalidSummaries(_Refused):
    """The summaries cannot be added up."""
