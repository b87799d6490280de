"""Deployment packages for tests."""

import io
import zipfile
from typing import Any

from tests.cloud import LocalCloud


def package(name: str, code: str) -> bytes:
    """Returns a zip with one executable file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, code)
    return archive.getvalue()


def create_python_function(cloud: LocalCloud, name: str, code: str, *, role: str | None = None, **options: Any) -> str:
    """Creates a function from code that defines `handler`. Returns its ARN."""
    created = cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role or cloud.role(),
        Code={"ZipFile": package("index.py", code)},
        **options,
    )
    arn: str = created["FunctionArn"]
    return arn
