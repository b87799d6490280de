"""Assembles the local cloud and runs it."""

import asyncio
import logging
import os
import sys

from ministack import app
from ministack.core import persistence

from gridbid_cloud import (
    authorization,
    conditions,
    integrations,
    invocations,
    mappings,
    objects,
    pipes,
    server,
    workers,
)
from gridbid_cloud.asgi import Application
from gridbid_cloud.calls import name_calls
from gridbid_cloud.durability import journal_changes
from gridbid_cloud.guard import add_guard
from gridbid_cloud.leash import Leash
from gridbid_cloud.lifecycle import Cloud
from gridbid_cloud.retries import replay_responses


def run(leash: Leash) -> None:
    """Serves until SIGTERM or SIGINT, then exits."""
    if not (persistence.PERSIST_STATE and objects.s3.S3_PERSIST and app.AUTH):
        sys.exit("PERSIST_STATE=1, S3_PERSIST=1 and AUTH=true are not set: start the local cloud with `cargo xtask up`")
    workers.watch()
    conditions.patch()
    authorization.patch()
    integrations.patch()
    invocations.patch()
    mappings.patch()
    pipes.patch()
    objects.watch()
    cloud = Cloud(leash)
    served = name_calls(replay_responses(journal_changes(app.app, cloud.journal)))
    application = add_guard(authorization.serve_permissions(served), server.port())
    asyncio.run(_serve(application, cloud))


async def _serve(application: Application, cloud: Cloud) -> None:
    await server.serve(application, end_late_requests=workers.end)
    # A return would wait for the threads of running executions.
    logging.shutdown()
    os._exit(cloud.exit_code)
