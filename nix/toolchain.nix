# The Rust toolchain of rust-toolchain.toml, the file that rustup also reads.
#
# Targets are added here: where rustup cannot download, every cargo call would fail on a target listed in that file. The build
# toolchain lacks the sources of the standard library: with them, panic messages would contain paths in /nix/store.
{
  pkgs,
  lib,
  root,
}:
let
  targets = [
    "wasm32-unknown-unknown"
  ]
  ++ lib.optionals pkgs.stdenv.hostPlatform.isLinux [
    "aarch64-unknown-linux-musl"
    "x86_64-unknown-linux-musl"
  ];
  base = packages: packages.rust-bin.fromRustupToolchainFile (root + "/rust-toolchain.toml");
in
{
  minimal = base pkgs;

  # crane takes the toolchain as a function of a package set.
  build = packages: (base packages).override { inherit targets; };

  develop = (base pkgs).override (previous: {
    inherit targets;
    extensions = previous.extensions ++ [
      "rust-analyzer"
      "rust-src"
    ];
  });
}
