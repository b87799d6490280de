"""Makes `dist`, the content of the function's zip: the same bytes each time.

It holds the function, the package gridbid with its module compiled for this kind of machine, wasmtime by its hash and
without what the package does not use, and the bytecode of all of it: without, a cold start would compile wasmtime's
bindings each time, which takes a tenth of a second. (Bytecode is for the Python that runs this; others pass it over.)
Runs on the kind of machine that the zip is for. `cargo xtask package` calls it and zips the folder.

    python build.py [FOLDER]
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "bindings" / "python" / "src" / "gridbid"
UNUSED = ("wasmtime/component", "bin")
"""What of wasmtime is not imported."""
KEPT_INFORMATION = ("METADATA", "licenses")
"""Of a package's information: its name and version, and the licence that goes with it."""


def main(dist: Path) -> None:
    """Makes the folder anew."""
    shutil.rmtree(dist, ignore_errors=True)
    install(dist)
    shutil.copy(HERE / "report_results.py", dist)
    for package in (HERE / "reporting", PACKAGE):
        copied = dist / package.name
        shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__", "*.cwasm", ".*"))
    if not (dist / "gridbid" / "gridbid.wasm").exists():
        sys.exit("gridbid.wasm is not there: `cargo xtask package` builds it and puts it into the Python package")
    run(dist, "import gridbid; gridbid.precompile('gridbid')")
    run(dist, "import build; build.compile_all()")


def install(dist: Path) -> None:
    """Puts wasmtime there.

    pip downloads it as the user has configured pip, and installs it without any configuration: `user` or `prefix` would
    contradict `--target`.
    """
    pip = [sys.executable, "-m", "pip"]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    requirements = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(HERE / "requirements.txt")]
    unconfigured = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    unconfigured["PIP_CONFIG_FILE"] = os.devnull
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([*pip, "download", *options, *requirements, "--dest", wheels], check=True)
        files = sorted(map(str, Path(wheels).iterdir()))
        target = ["--no-index", "--no-compile", "--target", str(dist)]
        subprocess.run([*pip, "install", *options, *target, *files], check=True, env=unconfigured)
    for unused in UNUSED:
        shutil.rmtree(dist / unused, ignore_errors=True)
    for information in dist.glob("*.dist-info"):
        for file in information.iterdir():
            if file.name not in KEPT_INFORMATION:
                file.unlink()


def run(dist: Path, code: str) -> None:
    """Runs code in the folder, in a Python that finds what is there and decides nothing by chance."""
    paths = os.pathsep.join((str(dist), str(HERE)))
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=dist, env=environment, check=True)


def compile_all() -> None:
    """Compiles what lies in the folder that is the current one, with paths from there and without times."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(".", quiet=1, stripdir=".", invalidation_mode=mode):
        sys.exit("some of it is no Python")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "dist").resolve())
