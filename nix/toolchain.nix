# The Rust toolchain: the version and components of rust-toolchain.toml, which rustup users read too.
#
# Targets are added here, because where rustup cannot download, every cargo call would fail on a target that the file
# lists. The toolchain that builds has no sources of the standard library: with them, panics would name paths in /nix/store.
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
  # A function of a package set, as crane wants it.
  build = packages: (base packages).override { inherit targets; };

  develop = (base pkgs).override (given: {
    inherit targets;
    extensions = given.extensions ++ [
      "rust-analyzer"
      "rust-src"
    ];
  });
}
