# All outputs for one system, put together from the other files of this folder.
#
# `root` is the repository. `without` takes files away from what is compiled: a check evaluates everything again with one
# file less and compares. Called by flake.nix and by checks.nix.
{
  nixpkgs,
  crane,
  overlays,
  system,
  root,
  without ? [ ],
}:
let
  pkgs = import nixpkgs {
    inherit system overlays;
    # Terraform's licence (BSL) is not a free one: it is allowed by its name, and nothing else is.
    config.allowUnfreePredicate = package: builtins.elem (nixpkgs.lib.getName package) [ "terraform" ];
  };
  inherit (pkgs) lib;
  call = file: arguments: import file ({ inherit pkgs lib root; } // arguments);

  toolchain = call ./toolchain.nix { };
  rust = call ./rust.nix { inherit crane toolchain without; };
  npm = call ./npm.nix { inherit wasm; };
  wasm = call ./wasm.nix { inherit rust npm; };
  python = call ./python.nix { inherit wasm; };
  zips = call ./zips.nix { inherit rust npm python; };
  terraform = call ./terraform.nix { };
  shell = call ./shell.nix { inherit toolchain rust zips; };
  checks = call ./checks.nix {
    inherit
      rust
      wasm
      npm
      python
      zips
      ;
    again =
      without:
      import ./. {
        inherit
          nixpkgs
          crane
          overlays
          system
          root
          without
          ;
      };
  };
in
{
  packages = {
    inherit (rust.tools) xtask;
    wasm = wasm.module;
    npm-package = npm.tarball;
    python-wheel = python.wheel;
  }
  // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux (zips.packages // rust.delivery);
  inherit (shell) apps devShells formatter;
  checks = checks // terraform.checks;
  # Not an output: what the check of sources compares.
  parts = {
    inherit (rust) dependencies;
    zips = zips.all;
  };
}
