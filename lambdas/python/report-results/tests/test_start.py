"""The start: configuration, the client of S3 as it really calls, and the zip's content as Lambda would run it."""

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
from reporting.configuration import Configuration, NotStarted
from reporting.function import start
from reporting.summaries import MOST_BYTES

PROJECT = Path(__file__).parents[1]
COMPLETE = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "hush",
    "RESULTS_BUCKET": "results",
    "GRIDBID_ENVIRONMENT": "test",
}


def test_all_that_is_missing_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotStarted) as caught:
        start({"RESULTS_BUCKET": "", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "hidden"})
    assert str(caught.value) == (
        "the environment is not complete: AWS_SECRET_ACCESS_KEY is missing, RESULTS_BUCKET is missing, "
        "GRIDBID_ENVIRONMENT is missing"
    )
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["outcome"], line["why"]) == ("ERROR", "fault", str(caught.value))
    for name in COMPLETE:
        with pytest.raises(NotStarted, match=f"^the environment is not complete: {name} is missing$"):
            Configuration.read({other: value for other, value in COMPLETE.items() if other != name})
    assert Configuration.read(COMPLETE) == Configuration("test", "results", "eu-west-1", has_own_endpoint=False)


def test_the_versions_are_one() -> None:
    assert gridbid.__version__ == reporting.VERSION


class FakeS3(BaseHTTPRequestHandler):
    """S3 over HTTP, by path, in pages, with some answers that are refusals."""

    files: dict[str, bytes]
    refusals: list[tuple[str, int, str]]
    asked: list[str]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.asked.append(self.path)
        for refusal in self.refusals:
            path, status, code = refusal
            if path in unquote(self.path):
                self.refusals.remove(refusal)
                return self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())
        if url.path == "/results":
            return self.answer(200, self.listing(query))
        return self.answer(200, self.files[url.path.removeprefix("/results/")])

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

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeS3]]:
    class Served(FakeS3):
        files = full_day()
        refusals: list[tuple[str, int, str]] = []  # noqa: RUF012
        asked: list[str] = []  # noqa: RUF012

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


def test_the_client_calls_the_endpoint_by_path_and_repeats_what_was_refused(s3: type[FakeS3]) -> None:
    s3.refusals += [("prefix=", 503, "SlowDown"), ("T010500Z", 500, "InternalError"), ("T010500Z", 503, "SlowDown")]
    answer = start(os.environ)(event(), Context())
    assert json.loads(answer["body"])["runs"] == 288
    assert len(s3.asked) == 3 + 1 + 288 + 2
    assert s3.refusals == []
    assert all(path.startswith(("/results?", f"/results/summaries/{DAY}/")) for path in s3.asked)


def test_what_is_refused_again_and_again_is_told(s3: type[FakeS3]) -> None:
    s3.refusals += [("T010500Z", 503, "SlowDown")] * 4
    handler = start(os.environ)
    assert handler(event(), Context())["statusCode"] == 503
    assert handler(event(), Context())["statusCode"] == 200
    s3.refusals += [("T010500Z", 403, "AccessDenied")]
    assert handler(event(), Context())["statusCode"] == 500


def test_an_object_that_is_gone_or_too_large_is_named(s3: type[FakeS3]) -> None:
    s3.refusals += [("T010500Z", 404, "NoSuchKey")]
    s3.files[f"summaries/{DAY}/{DAY.replace('-', '')}T020000Z.json"] = b" " * (MOST_BYTES + 1)
    answer = start(os.environ)(event(), Context())
    day = json.loads(answer["body"])
    assert (answer["statusCode"], day["runs"]) == (200, 286)
    assert [name.partition("T")[2] for name in day["unreadable"]] == ["010500Z.json", "020000Z.json"]


def test_nobody_at_the_endpoint_is_an_answer_in_time(monkeypatch: pytest.MonkeyPatch, s3: type[FakeS3]) -> None:
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
answers = [report_results.handler(event, Context()) for event in json.loads(sys.argv[2])]
import gridbid, wasmtime
print(json.dumps({"answers": answers, "gridbid": gridbid.__file__, "wasmtime": wasmtime.__file__,
                  "start_ms": (started - began) * 1000, "all_ms": (time.perf_counter() - began) * 1000}))
"""


def built(folder: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, PROJECT / "build.py", folder], check=True)
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_zip_is_the_same_each_time_and_answers_where_nothing_else_is(
    s3: type[FakeS3], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once, again = tmp_path / "once", tmp_path / "again" / "deeper"
    files = built(once)
    assert built(again) == files
    assert len([name for name in files if name.endswith(".cwasm")]) == 1
    assert not [name for name in files if str(tmp_path).encode() in files[name]]
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    events = [{"probe": "gridbid"}, event()]
    # Without a home and a place for a cache, as on Lambda; botocore is the runtime's.
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
    told = json.loads(last)
    assert [json.loads(line)["outcome"] for line in lines] == ["ok", "ok"]
    assert told["answers"][0] == {"probe": "gridbid", "function": "report-results", "version": reporting.VERSION}
    assert json.loads(told["answers"][1]["body"])["runs"] == 288
    assert told["gridbid"].startswith(str(once))
    assert told["wasmtime"].startswith(str(once))
    size = (tmp_path / "zip").stat().st_size
    assert size < 15_000_000
    with capsys.disabled():
        print(f"\nzip {size:,} bytes, start {told['start_ms']:.0f} ms, first answers {told['all_ms']:.0f} ms")
