# All outputs for one system, from the other files in this folder.
#
# `root` is the repository. `without` excludes source files: the check `sources` evaluates everything again without one file and
# compares the derivations.
{
  pkgs,
  crane,
  root,
  without ? [ ],
}:
let
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
      terraform
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
      parts
      ;
    again =
      without:
      import ./. {
        inherit
          pkgs
          crane
          root
          without
          ;
      };
  };

  # What the check `sources` compares.
  parts = {
    dependencies = rust.dependencies // {
      inherit (rust) toolDependencies;
    };
    inherit (rust) tools;
    zips = zips.all;
    packages = {
      wasm = wasm.module;
      npm = npm.tarball;
      python = python.wheel;
    };
  };

  inherit (pkgs.stdenv.hostPlatform) isLinux;
  packages = {
    inherit (rust.tools) xtask;
    default = if isLinux then zips.packages.functions else rust.tools.xtask;
    console = console.page;
    wasm = wasm.module;
    npm-package = npm.tarball;
    python-wheel = python.wheel;
  }
  // lib.optionalAttrs isLinux (zips.packages // rust.delivery);
  allChecks = checks // terraform.checks // { console = console.tests; };

  # `nix flake show` prints the description of every output.
  described = lib.mapAttrs (
    name: output:
    assert lib.assertMsg (output ? meta.description) "the output ${name} has no meta.description";
    output
  );
in
{
  packages = described packages;
  apps = described shell.apps;
  checks = described allChecks;
  devShells = described shell.devShells;
  inherit (shell) formatter;
  # Not an output: for the check `sources`.
  inherit parts;
}
