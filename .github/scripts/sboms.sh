#!/usr/bin/env bash
# Writes an SBOM (CycloneDX) for each function of functions.json to FOLDER/<function>.cdx.json: what its zip is made of, without
# the dependencies of builds and tests. TARGET is the target triple of the Rust functions.
#
#   sboms.sh FUNCTIONS_JSON FOLDER
set -euo pipefail
: "${TARGET:?}"
manifest=$1 folder=$2

# Each of the following prints "KIND NAME VERSION LICENCE" for each component.

# The crates that a package links, with the features that it is built with.
crates() {
  cargo tree --locked --quiet --package "$1" --target "$2" --edges normal,no-proc-macro --prefix none --no-dedupe --format '{p};{l}' |
    sed -nE 's/^([^ ]+) v([^ ;]+)[^;]*;(.*)$/cargo \1 \2 \3/p'
}

# The packages of npm that are bundled.
packages() {
  jq -r '.packages as $all | $all | to_entries[] | select((.key | contains("node_modules/")) and (.value.dev | not)) |
    (if .value.link then $all[.value.resolved] else .value end) as $package |
    "npm \(.key | sub("^.*node_modules/"; "")) \($package.version) \($package.license // "")"' "$1/package-lock.json"
}

# The packages of pip that are in the zip.
requirements() {
  sed -nE 's/^([A-Za-z0-9._-]+)==([^ ;]+).*/pypi \1 \2 /p' "$1/requirements.txt"
}

mkdir -p "$folder"
for function in $(jq -r '.functions | keys[]' "$manifest"); do
  if [[ -d "lambdas/rust/$function" ]]; then
    crates "gridbid-$function" "$TARGET"
  else
    # The crates of core's WASM module, which the zip contains, and the packages around it.
    crates gridbid-wasm wasm32-unknown-unknown
    if [[ -d "lambdas/typescript/$function" ]]; then
      packages "lambdas/typescript/$function"
    else
      requirements "lambdas/python/$function"
    fi
  fi | sort -u | jq --raw-input --slurp --exit-status --arg function "$function" '{
    bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
    metadata: {component: {type: "application", name: $function}},
    components: [split("\n")[] | select(. != "") | split(" ") as [$kind, $name, $version] | (split(" ")[3:] | join(" ")) as $licence |
      {type: "library", name: $name, version: $version, purl: "pkg:\($kind)/\($name | gsub("@"; "%40"))@\($version)"} +
      (if $licence == "" then {} else {licenses: [{expression: ($licence | gsub("/"; " OR "))}]} end)]
  } | if .components == [] then error("the SBOM of \($function) has no component") else . end' > "$folder/$function.cdx.json"
done
