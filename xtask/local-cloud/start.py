"""Starts the local cloud: MiniStack, with what `gridbid_cloud` adds to it. Started by `cargo xtask`, never by hand."""

import asyncio
import logging
import os

from ministack import app

from gridbid_cloud import invocations, objects, server, workers
from gridbid_cloud.calls import named
from gridbid_cloud.durability import durable
from gridbid_cloud.guard import guarded
from gridbid_cloud.lifecycle import Cloud, Leash
from gridbid_cloud.retries import replayed


def main() -> None:
    leash = Leash.from_environment()
    workers.watch()
    leash.watch()
    invocations.patch()
    objects.watch()
    cloud = Cloud(leash)
    guarded_app = guarded(named(replayed(durable(app.app, cloud.journal))), server.port())
    asyncio.run(serve(guarded_app, cloud))


async def serve(application: server.Application, cloud: Cloud) -> None:
    await server.serve(application, end_late_requests=workers.end)
    # Not by a return: asyncio would wait for every function that still runs.
    logging.shutdown()
    os._exit(cloud.exit_code)


if __name__ == "__main__":
    main()
