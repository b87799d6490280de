"""Starts real local clouds for tests, each with its own folder and port."""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.config import Config

START = Path(__file__).parents[1] / "start.py"
START_SECONDS = 30.0
REGION = "eu-west-1"
ROLE = {
    "RoleName": "tester",
    "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []}),
}
SESSION = boto3.Session("test", "test")


@dataclass(frozen=True)
class Response:
    """A response whose body was read."""

    status: int
    headers: Message
    text: str


class LocalCloud:
    """A local cloud that a test may stop, kill and start again on the same folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gridbid-cloud-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._log: list[bytes] = []

    @property
    def log(self) -> str:
        """The log of all processes so far."""
        return b"".join(self._log).decode()

    @property
    def journal(self) -> Path:
        return self.folder / "data/state/journal"

    def start(self, *, program: Path = START, wait: bool = True) -> "LocalCloud":
        """Starts a process, and waits until it answers."""
        self._starts += 1
        instance = f"start-{self._starts}"
        (self.folder / "instance").write_text(instance)
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GRIDBID_CLOUD_FOLDER": str(self.folder),
            "GRIDBID_INSTANCE": instance,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "data/state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "data/s3"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, str(program)],
            cwd=scratch,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        # Through a pipe, so that a limit on the size of files does not concern the log.
        self._log_thread = threading.Thread(target=self._keep_log, args=[self.process.stdout], daemon=True)
        self._log_thread.start()
        if wait:
            self.wait_until(self.answers, "the local cloud answers", START_SECONDS)
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _keep_log(self, output: IO[bytes]) -> None:
        with output:
            self._log.extend(output)

    def answers(self) -> bool:
        """Whether it answers. Fails when the process has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the local cloud ended with {self.process.returncode}:\n{self.log}")
        try:
            return self.request("GET", "/_ministack/health").status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Ends the process as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Stops the process with SIGTERM and returns its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.exit_code()

    def exit_code(self) -> int:
        """Waits for the process to end and returns its exit code."""
        assert self.process is not None
        return self.process.wait(START_SECONDS)

    def restart_after_kill(self) -> None:
        """Kills the process and starts its successor."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Kills the process and removes the folder."""
        if self.process is not None:
            if self.process.poll() is None:
                self.kill()
            self._log_thread.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, name: str) -> Any:
        """Reads a JSON file of the folder."""
        return json.loads((self.folder / name).read_text())

    def client(self, service: str, region: str = REGION) -> Any:
        """Returns a boto3 client that does not retry."""
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32, read_timeout=30)
        return SESSION.client(service, region, endpoint_url=self.url, config=config)

    def role(self, name: str = "tester", grants: dict[str, str] | None = None) -> str:
        """Creates a role that allows these actions on these resources, or replaces its grants. Returns its ARN."""
        # A policy needs a statement.
        grants = {"sts:GetCallerIdentity": "*"} | (grants or {})
        iam = self.client("iam")
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(**{**ROLE, "RoleName": name})
        allowed = [{"Effect": "Allow", "Action": key, "Resource": value} for key, value in grants.items()]
        policy = {"Version": "2012-10-17", "Statement": allowed}
        iam.put_role_policy(RoleName=name, PolicyName="grants", PolicyDocument=json.dumps(policy))
        return f"arn:aws:iam::000000000000:role/{name}"

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> "Response":
        """Sends a request on a new connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read().decode())
        finally:
            connection.close()

    def limit_files(self, size: int) -> None:
        """Makes writes beyond this file size fail, as on a full disk."""
        assert self.process is not None
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def unlimit_files(self) -> None:
        """Lifts the limit on file sizes."""
        self.limit_files(resource.RLIM_INFINITY)

    def wait_until(self, condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
        """Waits for a condition and returns its value."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.log[-4000:]}")
            time.sleep(0.01)
        return value


class CloudTest(unittest.TestCase):
    """A test with its own local cloud."""

    def setUp(self) -> None:
        self.cloud = LocalCloud()
        self.addCleanup(self.cloud.close)


class SharedCloudTest(unittest.TestCase):
    """Tests that share a local cloud."""

    cloud: LocalCloud

    @classmethod
    def setUpClass(cls) -> None:
        cls.cloud = LocalCloud()
        cls.addClassCleanup(cls.cloud.close)
        cls.cloud.start()


def free_port() -> int:
    """Returns an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def create_table(client: Any, name: str, sort_key: str | None = None) -> str:
    """Creates a table with the partition key `id` and returns its name."""
    keys = [("id", "HASH")] + ([(sort_key, "RANGE")] if sort_key else [])
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def all_items(client: Any, table: str) -> dict[str, dict[str, Any]]:
    """Returns the items of a table by partition key."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    return {item["id"]["S"]: item for page in pages for item in page["Items"]}


def is_running(pid: int) -> bool:
    """Whether a process runs. A zombie does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return state != "" and not state.startswith("Z")


def kill_if_running(pid: int) -> None:
    """Kills a process that a failed test left behind."""
    if is_running(pid):
        os.kill(pid, signal.SIGKILL)
