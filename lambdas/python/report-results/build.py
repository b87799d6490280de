"""Builds `dist`, the content of the function's zip, reproducibly.

It contains the function, the package gridbid with the WASM module compiled for this architecture, the parts of wasmtime
that gridbid uses (pinned by hash), and the bytecode of all of it, which saves a tenth of a second at each cold start.
Run it with the Python version and on the architecture of the function. `cargo xtask package` zips the folder.

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
"""Parts of wasmtime that gridbid does not import."""
KEPT_METADATA = ("METADATA", "licenses")
"""Parts of a package's `.dist-info` that are kept: name, version and licence."""


def main(dist: Path) -> None:
    """Replaces the folder."""
    shutil.rmtree(dist, ignore_errors=True)
    install(dist)
    shutil.copy(HERE / "report_results.py", dist)
    for package in (HERE / "reporting", PACKAGE):
        copied = dist / package.name
        shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__", "*.cwasm", ".*"))
    if not (dist / "gridbid" / "gridbid.wasm").exists():
        sys.exit("gridbid.wasm is missing in bindings/python: `cargo xtask package` builds it")
    run(dist, "import gridbid; gridbid.precompile('gridbid')")
    run(dist, "import build; build.compile_all()")


def install(dist: Path) -> None:
    """Installs wasmtime into the folder.

    pip downloads with the user's configuration, but installs without it, because `user` or `prefix` would contradict
    `--target`.
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
            if file.name not in KEPT_METADATA:
                file.unlink()


def run(dist: Path, code: str) -> None:
    """Runs code in the folder, with its packages on the path and a fixed hash seed."""
    paths = os.pathsep.join((str(dist), str(HERE)))
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=dist, env=environment, check=True)


def compile_all() -> None:
    """Compiles the current folder to bytecode, with relative paths and without timestamps."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(".", quiet=1, stripdir=".", invalidation_mode=mode):
        sys.exit("cannot compile all files to bytecode")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "dist").resolve())
