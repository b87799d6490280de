# For people: the development shell, the two commands of the README, the formatter.
#
# The shell and the apps have the same tools. `up` starts the zips that `nix build .#functions` makes, where there are
# any, with nothing compiled on the way; `test` is `cargo xtask test` with every tool pinned.
{
  pkgs,
  lib,
  toolchain,
  rust,
  zips,
  ...
}:
let
  inherit (pkgs.stdenv.hostPlatform) isLinux;

  # What `up` and `test` look for on the PATH.
  needed = [
    toolchain.develop
    pkgs.cargo-deny
    pkgs.cargo-nextest
    pkgs.nodejs_22
    pkgs.python313
    pkgs.stdenv.cc
    pkgs.terraform
    pkgs.unixtools.ps
  ]
  # The tests in a browser; elsewhere CHROMIUM names one.
  ++ lib.optional isLinux pkgs.chromium;

  # What else people and pipelines use.
  handy = [
    pkgs.actionlint
    pkgs.awscli2
    pkgs.binaryen
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
  apps = {
    up = app "up" "Start Gridbid on a local cloud and show its main job" (
      "up"
      + lib.optionalString isLinux (
        " --functions ${zips.packages.functions} --gridbid ${lib.getExe rust.delivery.gridbid}"
        + " --simulators ${lib.getExe rust.tools.simulators}"
      )
    );
    test = app "test" "Run every check and test, as CI does" "test";
  };

  devShells.default = pkgs.mkShell {
    packages = needed ++ handy;
    shellHook = ''
      if [ -t 1 ]; then
        echo 'Gridbid. Every tool is here; type one of:'
        echo '  cargo xtask up          build the functions, start them on a local cloud, run the main job'
        echo '  cargo xtask test core   the inner loop: the rules, in seconds (`cargo xtask test`: everything)'
        echo '  nix build .#functions   the zips and functions.json that production runs'
        echo '  nix flake check         every check, in a sandbox'
      fi
    '';
  };

  formatter = pkgs.nixfmt-tree;
}
