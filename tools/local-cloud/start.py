"""Starts the local cloud: MiniStack with the additions of `gridbid_cloud`. `cargo xtask up` runs it."""

from gridbid_cloud.leash import Leash


def main() -> None:
    leash = Leash.from_environment()
    leash.take()
    # Importing MiniStack reads S3's files, so the predecessor must have ended.
    from gridbid_cloud.assembly import run

    run(leash)


if __name__ == "__main__":
    main()
