"""The start: configuration, real calls of the S3 client, and the content of the zip as Lambda runs it."""

import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import gridbid
import pytest
from bucket import DAY, full_day
from test_function import Context, event

import reporting
from reporting.bucket import MAX_SUMMARY_BYTES
from reporting.configuration import Configuration, ConfigurationError
from reporting.function import start

PROJECT = Path(__file__).parents[1]
COMPLETE = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "hush",
    "RESULTS_BUCKET": "results",
    "RUNS_TABLE": "runs",
    "GRIDBID_ENVIRONMENT": "test",
}


def test_missing_variables_are_all_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        start({"RESULTS_BUCKET": "", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "hidden"})
    assert str(caught.value) == (
        "the environment is not complete: AWS_SECRET_ACCESS_KEY is missing, RESULTS_BUCKET is missing, "
        "RUNS_TABLE is missing, GRIDBID_ENVIRONMENT is missing"
    )
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["outcome"], line["why"]) == ("ERROR", "fault", str(caught.value))
    for name in COMPLETE:
        with pytest.raises(ConfigurationError, match=f"^the environment is not complete: {name} is missing$"):
            Configuration.from_environment({other: value for other, value in COMPLETE.items() if other != name})
    expected = Configuration("test", "results", "runs", "eu-west-1", has_own_endpoint=False)
    assert Configuration.from_environment(COMPLETE) == expected


def test_version_equals_that_of_the_package() -> None:
    assert gridbid.__version__ == reporting.VERSION


class FakeS3(BaseHTTPRequestHandler):
    """S3 over HTTP, with path-style addresses, pages and configured error responses; and an empty table of DynamoDB."""

    files: dict[str, bytes]
    errors: list[tuple[str, int, str]]
    requests: list[str]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.requests.append(self.path)
        for error in self.errors:
            path, status, code = error
            if path in unquote(self.path):
                self.errors.remove(error)
                return self.respond(status, f"<Error><Code>{code}</Code></Error>".encode())
        if url.path == "/results":
            return self.respond(200, self.listing(query))
        return self.respond(200, self.files[url.path.removeprefix("/results/")])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        empty = {"BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}}, "Query": {"Items": []}}
        return self.respond(200, json.dumps(empty[self.headers["X-Amz-Target"].partition(".")[2]]).encode())

    def listing(self, query: dict[str, str]) -> bytes:
        found = sorted(name for name in self.files if name.startswith(query["prefix"]))
        start = int(query.get("continuation-token", 0))
        page = found[start : start + 100]
        more = start + 100 < len(found)
        contents = (f"<Contents><Key>{k}</Key><Size>{len(self.files[k])}</Size></Contents>" for k in page)
        token = f"<NextContinuationToken>{start + 100}</NextContinuationToken>" if more else ""
        truncated = str(more).lower()
        return (
            f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>{truncated}</IsTruncated>'
            f"{token}{''.join(contents)}</ListBucketResult>"
        ).encode()

    def respond(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeS3]]:
    class Served(FakeS3):
        files = full_day()
        errors: list[tuple[str, int, str]] = []  # noqa: RUF012
        requests: list[str] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    yield Served
    server.shutdown()
    thread.join()
    server.server_close()


def test_client_uses_path_style_addresses_and_retries(s3: type[FakeS3]) -> None:
    s3.errors += [("prefix=", 503, "SlowDown"), ("T010500Z", 500, "InternalError"), ("T010500Z", 503, "SlowDown")]
    response = start(os.environ)(event(), Context())
    assert json.loads(response["body"])["runs"] == 288
    assert len(s3.requests) == 3 + 1 + 288 + 2
    assert s3.errors == []
    assert all(path.startswith(("/results?", f"/results/summaries/{DAY}/")) for path in s3.requests)


def test_repeated_errors_get_503_and_refused_access_gets_500(s3: type[FakeS3]) -> None:
    s3.errors += [("T010500Z", 503, "SlowDown")] * 4
    handler = start(os.environ)
    assert handler(event(), Context())["statusCode"] == 503
    assert handler(event(), Context())["statusCode"] == 200
    s3.errors += [("T010500Z", 403, "AccessDenied")]
    assert handler(event(), Context())["statusCode"] == 500


def test_deleted_or_oversized_object_is_listed(s3: type[FakeS3]) -> None:
    s3.errors += [("T010500Z", 404, "NoSuchKey")]
    s3.files[f"summaries/{DAY}/{DAY.replace('-', '')}T020000Z.json"] = b" " * (MAX_SUMMARY_BYTES + 1)
    response = start(os.environ)(event(), Context())
    day = json.loads(response["body"])
    assert (response["statusCode"], day["runs"]) == (200, 286)
    assert [name.partition("T")[2] for name in day["unreadable"]] == ["010500Z.json", "020000Z.json"]


def test_unreachable_endpoint_gets_503_in_time(monkeypatch: pytest.MonkeyPatch, s3: type[FakeS3]) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    began = time.monotonic()
    assert start(os.environ)(event(), Context(seconds=3))["statusCode"] == 503
    assert time.monotonic() - began < 3.5


LAMBDA = """
import sys, time
began = time.perf_counter()
sys.path.insert(0, sys.argv[1])
import report_results
started = time.perf_counter()
import json
class Context:
    aws_request_id = "request-1"
    def get_remaining_time_in_millis(self): return 15000
responses = [report_results.handler(event, Context()) for event in json.loads(sys.argv[2])]
import gridbid, wasmtime
print(json.dumps({"responses": responses, "gridbid": gridbid.__file__, "wasmtime": wasmtime.__file__,
                  "start_ms": (started - began) * 1000, "all_ms": (time.perf_counter() - began) * 1000}))
"""


def build(folder: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, PROJECT / "build.py", folder], check=True)
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_zip_is_reproducible_and_runs_without_other_packages(
    s3: type[FakeS3], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once, again = tmp_path / "once", tmp_path / "again" / "deeper"
    files = build(once)
    assert build(again) == files
    assert len([name for name in files if name.endswith(".cwasm")]) == 1
    assert not [name for name in files if str(tmp_path).encode() in files[name]]
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    events = [{"probe": "gridbid"}, event()]
    # No home or cache folder, as on Lambda; botocore belongs to the runtime.
    ran = subprocess.run(
        [sys.executable, "-B", "-c", LAMBDA, once, json.dumps(events)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        | COMPLETE
        | {"HOME": "/dev/null", "TMPDIR": str(tmp_path / "nowhere")},
    )
    assert ran.returncode == 0, ran.stderr
    *lines, last = ran.stdout.splitlines()
    result = json.loads(last)
    assert [json.loads(line)["outcome"] for line in lines] == ["ok", "ok"]
    assert result["responses"][0] == {"probe": "gridbid", "function": "report-results", "version": reporting.VERSION}
    assert json.loads(result["responses"][1]["body"])["runs"] == 288
    assert result["gridbid"].startswith(str(once))
    assert result["wasmtime"].startswith(str(once))
    size = (tmp_path / "zip").stat().st_size
    assert size < 15_000_000
    with capsys.disabled():
        print(f"\nzip {size:,} bytes, start {result['start_ms']:.0f} ms, first responses {result['all_ms']:.0f} ms")
