#!/usr/bin/env bash
# Rolls an environment back to RELEASE, or to the deployment before the current one if that is `previous`. Waits up to 30 minutes
# for a deployment in progress.
set -euo pipefail
: "${ENVIRONMENT:?}" "${RELEASE:?}"

if [[ "$RELEASE" == previous ]]; then
  ./gridbid rollback --env "$ENVIRONMENT" --wait 30
else
  ./gridbid rollback --env "$ENVIRONMENT" --wait 30 --to "$RELEASE"
fi
