#!/usr/bin/env bash
# Deploys a release to an environment with the `gridbid` in the current folder. OLDER=true allows a release that lacks commits of
# the deployed one.
set -euo pipefail
: "${ENVIRONMENT:?}" "${RELEASE:?}" "${STATE_BUCKET:?}" "${OLDER:?}" "${TERRAFORM_VARIABLES=}"

printf '%s\n' "$TERRAFORM_VARIABLES" > "terraform/envs/$ENVIRONMENT/ci.auto.tfvars"
older=()
if [[ "$OLDER" == true ]]; then older=(--allow-older); fi
# `exec`: the signal of a cancelled run must reach gridbid, which passes it on to Terraform.
exec ./gridbid deploy --env "$ENVIRONMENT" --release "$RELEASE" \
  --init "-backend-config=bucket=$STATE_BUCKET" "${older[@]}"
