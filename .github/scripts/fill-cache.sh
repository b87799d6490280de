#!/usr/bin/env bash
# Signs the store paths that this machine built and copies them into the binary cache.
set -euo pipefail
: "${BUCKET:?}" "${SIGNING_KEY:?}"

key=$(mktemp)
trap 'rm -f "$key"' EXIT
printf '%s' "$SIGNING_KEY" > "$key"
# `ultimate` marks paths that were built here and not downloaded. Sources and derivations are cheap to make again.
nix path-info --all --json | jq -r '
  (if type == "array" then .[] else to_entries[] | {path: .key} + .value end)
  | select(.ultimate and (.path | endswith(".drv") or endswith("-source") | not)) | .path' |
  xargs --no-run-if-empty nix copy --to "s3://$BUCKET?region=eu-west-1&compression=zstd&secret-key=$key"
