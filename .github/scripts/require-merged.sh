#!/usr/bin/env bash
# Fails unless RELEASE is a commit of the branch that is checked out with its history.
set -euo pipefail
: "${RELEASE:?}" "${BRANCH:?}"

if [[ ! "$RELEASE" =~ ^[0-9a-f]{40}$ ]] || ! git merge-base --is-ancestor "$RELEASE" HEAD; then
  echo "::error::expected the 40 hex digits of a commit that was merged to $BRANCH, found \`$RELEASE\`"
  exit 1
fi
