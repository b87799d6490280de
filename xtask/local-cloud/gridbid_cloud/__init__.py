"""What Gridbid adds to MiniStack: refusals, replays, a journal and a life that ends with its folder.

MiniStack is one ASGI application in one process. Each module here changes one concern of it, by wrapping the
application or by replacing a function of MiniStack. Every name that is replaced is read when the module is imported, so
that a newer MiniStack without it fails at the start.

A request passes through `guard`, `retries` and `durability` before MiniStack sees it; `snapshots` wraps the handler of
each service; `journal` with `tables`, `queues` and `executions` records what changes between two snapshots.
"""
