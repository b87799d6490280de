# core as the WASM module that the TypeScript and Python packages ship.
#
# Built by gridbid-package with the code of `cargo xtask wasm` (tools/package/src/wasm), so that the bytes are the same.
# wasm-bindgen and its command have the same version in Cargo.lock; wasm-opt is in tools/devkit/npm/package-lock.json.
{
  pkgs,
  lib,
  root,
  rust,
  npm,
}:
let
  locked = (lib.importTOML (root + "/Cargo.lock")).package;
  versionOf = name: (lib.findSingle (package: package.name == name) { } { } locked).version or "none";
  library = versionOf "wasm-bindgen";
  command = versionOf "wasm-bindgen-cli-support";
in
assert lib.assertMsg (library == command)
  "Cargo.lock has wasm-bindgen ${library} and wasm-bindgen-cli-support ${command}: expected equal versions";
{
  module = rust.craneLib.mkCargoDerivation (
    rust.common
    // {
      pname = "gridbid-wasm";
      meta.description = "core as the WASM module of the packages, and its glue for JavaScript";
      src = rust.sourceOf [
        "/bindings/wasm"
        "/core/Cargo.toml"
        "/core/src"
      ];
      cargoArtifacts = null;
      doInstallCargoArtifacts = false;
      nativeBuildInputs = [
        rust.tools.package
        pkgs.nodejs_22
      ];
      buildPhaseCargoCommand = ''
        gridbid-package wasm --to gridbid.wasm \
          --bindgen ${lib.getExe rust.tools.bindgen} \
          --wasm-opt ${npm.modulesOf "/tools/devkit/npm"}/node_modules/binaryen/bin/wasm-opt \
          --crates "$(echo "$cargoVendorDir"/*/)"
      '';
      installPhaseCommand = ''
        if grep --quiet --text /nix/store gridbid.wasm; then
          echo 'the module contains a path in /nix/store'
          exit 1
        fi
        install -Dm644 -t $out gridbid.wasm .gridbid/wasm/gridbid_wasm.js .gridbid/wasm/gridbid_wasm.d.ts
      '';
    }
  );
}
