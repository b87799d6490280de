"""What goes wrong beside orders that are not valid: each error has core's permanent code and core's sentence."""


class InputTooLarge(MemoryError):
    """The memory that an input needs cannot be had. The next call finds everything as if this one had not been."""


class _Refused(ValueError):
    """Core refuses a document."""

    code: str
    """What kind of problem: snake_case, permanent."""
    message: str
    """One sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class InvalidResults(_Refused):
    """The auction platform's answer breaks its contract as a whole."""


class MalformedOrder(_Refused):
    """An order of a result has no canonical form."""


class InvalidSummaries(_Refused):
    """A day's summaries cannot be added up."""
