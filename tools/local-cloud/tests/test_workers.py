"""Functions' processes end with the local cloud."""

import contextlib
import threading
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.cloud import CloudTest, is_running, kill_if_running
from tests.functions import package

# Writes its process id to a file and never returns.
PYTHON = """
import os, time
def handler(event, context):
    with open(os.environ["PID_FILE"] + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.replace(os.environ["PID_FILE"] + ".new", os.environ["PID_FILE"])
    time.sleep(600)
"""
BOOTSTRAP = """#!/bin/sh
echo $$ > "$PID_FILE.new"
mv "$PID_FILE.new" "$PID_FILE"
exec sleep 600
"""


class WorkersTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.cloud.start()

    def begin(self, name: str, runtime: str, handler: str, file: str, code: str) -> int:
        """Starts a function that never returns, with a client waiting for it. Returns its process id."""
        pid_file = self.cloud.folder / f"{name}.pid"
        lambda_client = self.cloud.client("lambda")
        lambda_client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler=handler,
            Role=self.cloud.role(),
            Code={"ZipFile": package(file, code)},
            Timeout=900,
            Environment={"Variables": {"PID_FILE": str(pid_file)}},
        )
        threading.Thread(target=self.invoke, args=[lambda_client, name], daemon=True).start()
        self.cloud.wait_until(pid_file.exists, f"the function {name} runs")
        pid = int(pid_file.read_text())
        self.addCleanup(kill_if_running, pid)
        return pid

    def invoke(self, client: Any, name: str) -> None:
        with contextlib.suppress(BotoCoreError, ClientError):
            client.invoke(FunctionName=name)

    def begin_both(self) -> list[int]:
        return [
            self.begin("python", "python3.12", "index.handler", "index.py", PYTHON),
            self.begin("native", "provided.al2023", "bootstrap", "bootstrap", BOOTSTRAP),
        ]

    def assert_gone(self, pids: list[int]) -> None:
        self.cloud.wait_until(lambda: not any(map(is_running, pids)), "the functions are gone")

    def test_functions_end_when_the_cloud_is_killed(self) -> None:
        pids = self.begin_both()
        self.cloud.kill()
        self.assert_gone(pids)

    def test_functions_end_when_the_cloud_is_abandoned(self) -> None:
        pids = self.begin_both()
        (self.cloud.folder / "instance").unlink()
        self.assert_gone(pids)

    def test_functions_do_not_delay_the_stop(self) -> None:
        pids = self.begin_both()
        self.assertEqual(self.cloud.stop(), 0)
        self.assert_gone(pids)
