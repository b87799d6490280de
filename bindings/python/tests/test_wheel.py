"""The wheel is reproducible and works in an empty environment."""

import hashlib
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

USE = """
import gridbid, json
report = gridbid.validate_orders('[{"record_id":"a","parameter_1":"x","parameter_2":"1"}]')
order = gridbid.parse_orders('[{"record_id":"a","parameter_1":"x","parameter_2":2.10}]')[0]
print(gridbid.__file__, report.violations[0].code, order.parameter_2, sep="|")
"""


def build(folder: Path) -> Path:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            folder,
            ".",
        ],
        cwd=PROJECT,
        check=True,
    )
    [wheel] = folder.glob("gridbid-*-py3-none-any.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_wheel_contains_the_package_and_is_reproducible(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = {name for name in content.namelist() if name.startswith("gridbid/")}
        metadata = content.read(next(name for name in content.namelist() if name.endswith("/METADATA"))).decode()
    sources = PROJECT / "src" / "gridbid"
    assert names == {f"gridbid/{file.name}" for file in sources.iterdir() if file.is_file()}
    assert {"gridbid/gridbid.wasm", "gridbid/py.typed"} <= names
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert required == ["Requires-Dist: wasmtime<51,>=48"]
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    # Installs only the wheel and the pinned wasmtime.
    pinned = (PROJECT / "requirements-dev.txt").read_text()
    [wasmtime] = [line for line in pinned.replace("\\\n", " ").splitlines() if line.startswith("wasmtime==")]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"{wasmtime}\ngridbid @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements], check=True)
    used = subprocess.run([python, "-I", "-c", USE], capture_output=True, text=True, check=True, cwd=tmp_path)
    path, code, amount = used.stdout.strip().split("|")
    assert Path(path).is_relative_to(tmp_path / "venv")
    assert (code, amount) == ("wrong_type", "2.1")
