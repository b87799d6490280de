#!/usr/bin/env bash
# Posts a Terraform plan as a comment on a pull request, one comment per environment, and updates it on later runs.
#
#   plan-comment.sh ENVIRONMENT PULL_REQUEST FILE
set -euo pipefail
environment=$1 number=$2 file=$3

# GitHub's limit is 65,536 characters. The end of the plan is kept: it has the totals.
limit=60000
mark="<!-- plan of $environment -->"
plan=$(jq --raw-input --raw-output --slurp --argjson limit "$limit" '.[-$limit:]' "$file")
summary=$(sed -nE '/^(Plan:|No changes\.)/p' "$file" | tail -1)
body=$(printf '%s\nTerraform in **%s**: %s\n\n<details><summary>plan</summary>\n\n~~~~text\n%s\n~~~~\n\n</details>\n' \
  "$mark" "$environment" "${summary:-see the plan}" "$plan")

comments="repos/$GITHUB_REPOSITORY/issues/$number/comments"
existing=$(gh api --paginate "$comments" | jq -r --arg mark "$mark" \
  '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith($mark))) | .id' | head -1)
if [[ -n "$existing" ]]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$existing" --raw-field body="$body" > /dev/null
else
  gh api --method POST "$comments" --raw-field body="$body" > /dev/null
fi
