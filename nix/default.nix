# All outputs for one system, from the other files in this folder.
#
# `root` is the repository. `without` excludes source files: the check `sources` evaluates everything again without one file and
# compares the derivations.
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
    # Terraform's licence (BSL) is not free; no other unfree package is allowed.
    config.allowUnfreePredicate = package: builtins.elem (nixpkgs.lib.getName package) [ "terraform" ];
  };
  inherit (pkgs) lib;
  call = file: arguments: import file ({ inherit pkgs lib root; } // arguments);

  toolchain = call ./toolchain.nix { };
  rust = call ./rust.nix { inherit crane toolchain without; };
  npm = call ./npm.nix { inherit wasm; };
  console = call ./console.nix { inherit npm; };
  wasm = call ./wasm.nix { inherit rust npm; };
  python = call ./python.nix { inherit wasm; };
  zips = call ./zips.nix { inherit rust npm python; };
  terraform = call ./terraform.nix { };
  shell = call ./shell.nix {
    inherit
      toolchain
      rust
      zips
      console
      ;
  };
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
    console = console.page;
    wasm = wasm.module;
    npm-package = npm.tarball;
    python-wheel = python.wheel;
  }
  // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux (zips.packages // rust.delivery);
  inherit (shell) apps devShells formatter;
  checks = checks // terraform.checks // { console = console.tests; };
  # Not an output: for the check `sources`.
  parts = {
    inherit (rust) dependencies;
    zips = zips.all;
  };
}
