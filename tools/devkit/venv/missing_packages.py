"""Prints the packages of a requirements file that this virtual environment lacks: one a line, as `name==version`."""

import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name


def pinned(requirements: str) -> list[Requirement]:
    """The requirements that apply to this Python, without their hashes."""
    lines = requirements.replace("\\\n", " ").splitlines()
    texts = [line.partition("--hash")[0].partition(" #")[0].strip() for line in lines]
    every = [Requirement(text) for text in texts if text and not text.startswith("#")]
    return [one for one in every if one.marker is None or one.marker.evaluate()]


def main() -> None:
    own_folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    installed = {canonicalize_name(found.name): found.version for found in distributions(path=sorted(own_folders))}
    for requirement in pinned(Path(sys.argv[1]).read_text(encoding="utf-8")):
        version = installed.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            print(f"{requirement.name}{requirement.specifier}")


main()
