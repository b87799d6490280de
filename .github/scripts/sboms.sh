#!/usr/bin/env bash
# Writes an SBOM (CycloneDX) for each function of functions.json to FOLDER/<function>.cdx.json: what its zip is made of, without
# the dependencies of builds and tests. TARGET is the target triple of the Rust functions.
#
#   sboms.sh FUNCTIONS_JSON FOLDER
set -euo pipefail
: "${TARGET:?}"
manifest=$1 folder=$2

# The crates of a member of the workspace. cargo-cyclonedx writes a file next to each manifest.
crates() {
  cargo cyclonedx --quiet --manifest-path "$1/Cargo.toml" --format json --target "$2" --no-build-deps --override-filename sbom-of-one
  cat "$1/sbom-of-one.json"
  find . -name sbom-of-one.json -not -path './target/*' -delete
}

# The packages of npm that are bundled.
packages() {
  jq '[.packages | to_entries[] | select((.key | contains("node_modules/")) and (.value.dev | not))
    | (.key | sub("^.*node_modules/"; "")) as $name
    | (if .value.link then "0" else .value.version end) as $version
    | {type: "library", name: $name, version: $version, purl: "pkg:npm/\($name | gsub("@"; "%40"))@\($version)"}]' "$1/package-lock.json"
}

# The packages of pip that are installed into the zip.
requirements() {
  sed -nE 's/^([A-Za-z0-9._-]+)==([^ ;]+).*/\1 \2/p' "$1/requirements.txt" | jq --raw-input --slurp '[split("\n")[] | select(. != "")
    | split(" ") as [$name, $version] | {type: "library", name: $name, version: $version, purl: "pkg:pypi/\($name)@\($version)"}]'
}

mkdir -p "$folder"
for function in $(jq -r '.functions | keys[]' "$manifest"); do
  sbom="$folder/$function.cdx.json"
  rust="lambdas/rust/$function" typescript="lambdas/typescript/$function" python="lambdas/python/$function"
  if [[ -d "$rust" ]]; then
    crates "$rust" "$TARGET" > "$sbom"
  else
    # The crates of core's WASM module, which the zip contains, and the packages around it.
    if [[ -d "$typescript" ]]; then around=$(packages "$typescript"); else around=$(requirements "$python"); fi
    crates bindings/wasm wasm32-unknown-unknown |
      jq --arg function "$function" --argjson around "$around" \
        '.components += $around | .metadata.component = {type: "application", name: $function}' > "$sbom"
  fi
  jq --exit-status '.components | length > 0' "$sbom" > /dev/null
done
