#!/usr/bin/env bash
# Downloads the `gridbid` of a release and verifies it against the hash in the release file. Without RELEASE: that of the
# environment's last deployment.
set -euo pipefail
: "${BUCKET:?}" "${ENVIRONMENT:?}" "${RELEASE=}"

if [[ -z "$RELEASE" ]]; then
  last=$(aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "deployments/$ENVIRONMENT/" \
    --query 'Contents[].Key' --output json | jq -r '[.[]? | select(endswith(".json"))] | max // empty')
  if [[ -z "$last" ]]; then
    echo "error: nothing has been deployed to $ENVIRONMENT yet" >&2
    exit 1
  fi
  RELEASE=$(aws s3 cp --only-show-errors "s3://$BUCKET/$last" - | jq -r .release)
fi
if [[ ! "$RELEASE" =~ ^[0-9a-f]{40}$ ]]; then
  echo "error: expected a release, the 40 hex digits of a git commit, found \`$RELEASE\`" >&2
  exit 1
fi
if ! hash=$(aws s3 cp --only-show-errors "s3://$BUCKET/releases/$RELEASE.json" - | jq -er .gridbid); then
  echo "error: the artifacts bucket has no release $RELEASE with a gridbid binary" >&2
  exit 1
fi
aws s3 cp --only-show-errors "s3://$BUCKET/releases/$RELEASE/gridbid" gridbid
echo "$hash  gridbid" | sha256sum --check --quiet
chmod +x gridbid
echo "gridbid of release $RELEASE"
