#!/usr/bin/env bash
# Rolls an environment back to RELEASE, or to the deployment before the current one if that is `previous`. Waits up to 30 minutes
# for a deployment in progress.
set -euo pipefail
: "${ENVIRONMENT:?}" "${RELEASE:?}"

# `exec`: the signal of a cancelled run must reach gridbid.
if [[ "$RELEASE" == previous ]]; then
  exec ./gridbid rollback --env "$ENVIRONMENT" --wait 30
else
  exec ./gridbid rollback --env "$ENVIRONMENT" --wait 30 --to "$RELEASE"
fi
