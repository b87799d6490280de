"""Gridbid's additions to MiniStack: a guard against web pages, replayed responses, a journal of acknowledged changes,
and IAM.

MiniStack is one ASGI application in one process. Each module handles one concern, by wrapping the application or by
replacing a function of MiniStack (see `patching`). A MiniStack that lacks such a function fails at the start.

A request passes through `guard`, `retries` and `durability` before MiniStack sees it; `snapshots` wraps the handler of
each service; `journal` with `tables`, `queues` and `executions` records what changes between two snapshots. `pipes`,
`mappings` and `invocations` deliver as AWS does where MiniStack does not. `authorization` and `integrations` evaluate
the policies that MiniStack does not. `leash` and `lifecycle` start and stop the process.
"""
