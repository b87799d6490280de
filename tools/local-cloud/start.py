"""Starts the local cloud: MiniStack, with what `gridbid_cloud` adds to it. Started by `cargo xtask`, never by hand."""

from gridbid_cloud.leash import Leash


def main() -> None:
    leash = Leash.from_environment()
    leash.take()
    # Importing MiniStack reads S3's files, so the predecessor must have ended.
    from gridbid_cloud.assembly import run

    run(leash)


if __name__ == "__main__":
    main()
