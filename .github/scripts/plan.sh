#!/usr/bin/env bash
# Plans an environment without a lock and writes the plan to FILE, too.
#
#   plan.sh FILE
set -euo pipefail
: "${ENVIRONMENT:?}" "${STATE_BUCKET:?}" "${TERRAFORM_VARIABLES=}"

root="terraform/envs/$ENVIRONMENT"
printf '%s\n' "$TERRAFORM_VARIABLES" > "$root/ci.auto.tfvars"
terraform -chdir="$root" init -input=false -no-color -backend-config="bucket=$STATE_BUCKET"
terraform -chdir="$root" plan -input=false -no-color -lock=false | tee "$1"
