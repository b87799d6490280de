"""Deployment packages for tests."""

import io
import zipfile
from typing import Any


def package(name: str, code: str) -> bytes:
    """Returns a zip with one executable file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, code)
    return archive.getvalue()


def create_python_function(client: Any, name: str, code: str, **options: Any) -> None:
    """Creates a function from code that defines `handler`."""
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/tester",
        Code={"ZipFile": package("index.py", code)},
        **options,
    )
