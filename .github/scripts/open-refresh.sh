#!/usr/bin/env bash
# Commits changed lock files to a branch and opens a pull request for it, or updates the open one.
set -euo pipefail
: "${BASE:?}" "${BRANCH:?}"

if git diff --quiet; then
  echo "every pin is up to date"
  exit 0
fi
git switch --create "$BRANCH"
git -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \
  commit --all --message 'deps: update the inputs of the flake'
gh auth setup-git
git push --force origin "$BRANCH"
if [[ -z "$(gh pr list --head "$BRANCH" --base "$BASE" --json number --jq '.[].number')" ]]; then
  gh pr create --head "$BRANCH" --base "$BASE" --title 'deps: update the inputs of the flake' \
    --body 'Opened by refresh.yml; check.yml runs on it.'
fi
gh workflow run check.yml --ref "$BRANCH"
