#!/usr/bin/env bash
# Fails unless a binary can start on Lambda and is reproducible: static (no interpreter, no shared library), for MACHINE as printed by
# readelf, and without a path in /nix/store.
#
#   bash verify-bootstrap.sh BINARY MACHINE
set -euo pipefail

binary=$1
machine=$2

refuse() {
  echo "$binary cannot be a function's bootstrap: $1" >&2
  exit 1
}

segments=$(readelf --wide --program-headers "$binary")
if grep --quiet INTERP <<<"$segments"; then
  refuse 'it has an interpreter; link it statically with musl'
fi
dynamic=$(readelf --wide --dynamic "$binary")
if grep --quiet NEEDED <<<"$dynamic"; then
  refuse 'it needs shared libraries; link it statically with musl'
fi
header=$(readelf --wide --file-header "$binary")
if ! grep --quiet "Machine: *$machine\$" <<<"$header"; then
  refuse "it is not for $machine"
fi
if grep --quiet --text /nix/store "$binary"; then
  refuse 'it contains a path in /nix/store'
fi
