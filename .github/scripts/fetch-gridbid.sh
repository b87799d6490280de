#!/usr/bin/env bash
# Downloads the `gridbid` of a release for this machine, and verifies it against the hash in the release file. Without RELEASE: that
# of the environment's newest deployment that is not a rollback, because an older one may not read the newest records.
#
# With ATTESTATIONS=on, the release file has to be attested by deliver.yml for that commit. It has the hash of every zip and binary.
set -euo pipefail
: "${BUCKET:?}" "${ENVIRONMENT:?}" "${ATTESTATIONS:?}" "${RELEASE=}"

case "$(uname -m)" in
  aarch64 | arm64) processor=arm64 ;;
  *) processor=x86_64 ;;
esac
if [[ -z "$RELEASE" ]]; then
  records=$(aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "deployments/$ENVIRONMENT/" \
    --query 'Contents[].Key' --output json | jq -r '[.[]? | select(endswith(".json"))] | sort | reverse | .[]')
  for record in $records; do
    RELEASE=$(aws s3 cp --only-show-errors "s3://$BUCKET/$record" - | jq -r 'if .back_to then empty else .release end')
    [[ -z "$RELEASE" ]] || break
  done
  if [[ -z "$RELEASE" ]]; then
    echo "error: nothing has been deployed to $ENVIRONMENT yet" >&2
    exit 1
  fi
fi
if [[ ! "$RELEASE" =~ ^[0-9a-f]{40}$ ]]; then
  echo "error: expected a release, the 40 hex digits of a git commit, found \`$RELEASE\`" >&2
  exit 1
fi
release=$(mktemp)
trap 'rm -f "$release"' EXIT
if ! aws s3 cp --only-show-errors "s3://$BUCKET/releases/$RELEASE.json" "$release"; then
  echo "error: the artifacts bucket has no release $RELEASE" >&2
  exit 1
fi
if [[ "$ATTESTATIONS" == on ]]; then
  gh attestation verify "$release" --repo "$GITHUB_REPOSITORY" --source-digest "$RELEASE" \
    --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/deliver.yml" --deny-self-hosted-runners
fi
if ! hash=$(jq -er --arg processor "$processor" '.gridbid[$processor]' "$release"); then
  echo "error: release $RELEASE has no gridbid for $processor" >&2
  exit 1
fi
aws s3 cp --only-show-errors "s3://$BUCKET/releases/$RELEASE/gridbid-$processor" gridbid
echo "$hash  gridbid" | sha256sum --check --quiet
chmod +x gridbid
echo "gridbid of release $RELEASE"
