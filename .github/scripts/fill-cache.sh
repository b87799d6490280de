#!/usr/bin/env bash
# Signs the store paths that this machine built and copies them into the binary cache.
set -euo pipefail
: "${BUCKET:?}" "${SIGNING_KEY:?}"

key=$(mktemp)
trap 'rm -f "$key"' EXIT
printf '%s' "$SIGNING_KEY" > "$key"
# `ultimate` marks paths that were built here and not downloaded. Sources and derivations are cheap to make again.
nix path-info --all --json --json-format 1 | jq -r '
  to_entries[] | select(.value.ultimate and (.key | endswith(".drv") or endswith("-source") | not)) | .key' |
  xargs --no-run-if-empty nix copy --to "s3://$BUCKET?region=eu-west-1&compression=zstd&secret-key=$key"
