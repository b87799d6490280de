# The development shells, the apps `up` and `test`, and the formatter.
#
# Shell and apps have the same tools. On Linux, `up` starts the zips of `nix build .#functions` and compiles nothing. The shells
# `ci` and `deploy` have what single commands of a workflow or a pipeline need.
{
  pkgs,
  lib,
  toolchain,
  rust,
  zips,
  terraform,
  console,
  ...
}:
let
  inherit (pkgs.stdenv.hostPlatform) isLinux;

  # Tools that `up` and `test` require on the PATH.
  needed = [
    toolchain.develop
    pkgs.cargo-deny
    pkgs.cargo-nextest
    pkgs.nodejs_22
    pkgs.python313
    pkgs.stdenv.cc
    pkgs.unixtools.ps
    terraform.terraform
  ]
  # For the browser tests; on other systems set CHROMIUM.
  ++ lib.optional isLinux pkgs.chromium;

  # Other tools for people and pipelines.
  handy = [
    pkgs.actionlint
    pkgs.awscli2
    pkgs.binaryen
    pkgs.jq
    pkgs.nixfmt
    pkgs.shellcheck
    pkgs.zizmor
  ];

  app =
    name: description: arguments:
    let
      script = pkgs.writeShellApplication {
        name = "gridbid-${name}";
        runtimeInputs = [ rust.tools.xtask ] ++ needed;
        text = ''
          exec xtask ${arguments} "$@"
        '';
      };
    in
    {
      type = "app";
      program = lib.getExe script;
      meta.description = description;
    };
in
{
  apps = rec {
    default = up;
    up = app "up" "Start Gridbid on a local cloud and run the example" (
      "up"
      + lib.optionalString isLinux (
        " --functions ${zips.packages.functions} --gridbid ${lib.getExe rust.delivery.gridbid}"
        + " --simulators ${lib.getExe rust.tools.simulators} --console ${console.page}"
      )
    );
    test = app "test" "Run every check and test, as CI does" "test";
  };

  devShells.ci = pkgs.mkShell {
    meta.description = "What workflows call: cargo, cargo-deny and jq";
    packages = [
      toolchain.minimal
      pkgs.cargo-deny
      pkgs.jq
    ];
  };

  devShells.deploy = pkgs.mkShell {
    meta.description = "What a pipeline deploys with: Terraform, the AWS CLI and jq";
    packages = [
      pkgs.awscli2
      pkgs.jq
      terraform.terraform
    ];
  };

  devShells.default = pkgs.mkShell {
    meta.description = "Every tool, pinned";
    packages = needed ++ handy;
    shellHook = ''
      if [ -t 1 ]; then
        echo 'Gridbid: every tool is on the PATH. Commands:'
        echo '  cargo xtask up          build the functions, start them on a local cloud, run the example'
        echo '  cargo xtask test core   test the rules, in seconds (`cargo xtask test`: everything)'
        echo '  nix build .#functions   the zips and functions.json that production runs'
        echo '  nix flake check         every check, in a sandbox'
      fi
    '';
  };

  formatter = pkgs.nixfmt-tree;
}
