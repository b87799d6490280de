# Refuses a binary that Lambda's bare machine could not start, or that would differ from build to build.
#
#   bash verify-bootstrap.sh BINARY MACHINE
#
# A function's binary is static (no interpreter, no library), for the machine named as readelf does, and names no path in
# /nix/store. Called by zips.nix for each function, and by checks.nix with binaries that it has to refuse.
set -euo pipefail

binary=$1
machine=$2

refuse() {
  echo "$binary cannot be a function's bootstrap: $1" >&2
  exit 1
}

segments=$(readelf --wide --program-headers "$binary")
if grep --quiet INTERP <<<"$segments"; then
  refuse 'it asks for an interpreter; it must be linked statically with musl'
fi
dynamic=$(readelf --wide --dynamic "$binary")
if grep --quiet NEEDED <<<"$dynamic"; then
  refuse 'it needs shared libraries; it must be linked statically with musl'
fi
header=$(readelf --wide --file-header "$binary")
if ! grep --quiet "Machine: *$machine\$" <<<"$header"; then
  refuse "it is not for $machine"
fi
if grep --quiet --text /nix/store "$binary"; then
  refuse 'it names a path in /nix/store'
fi
