# The functions' zips, and `functions`: all of them with the manifest functions.json that Terraform reads.
#
# Zips and manifests are written by xtask, as on a laptop: their format stands in one place. Each function's folder holds
# its zip and a manifest of its own. Those of this machine's processor are complete; the Rust functions are cross-built for
# the other one too. Python's is compiled ahead of time and needs the processor that it is for. Linux only.
{
  pkgs,
  lib,
  root,
  rust,
  npm,
  python,
}:
let
  # As readelf names them.
  machines = {
    arm64 = "AArch64";
    x86_64 = "Advanced Micro Devices X86-64";
  };
  own = if pkgs.stdenv.hostPlatform.isAarch64 then "arm64" else "x86_64";
  other = if own == "arm64" then "x86_64" else "arm64";

  zip =
    architecture: name: prepare: folder: built:
    pkgs.runCommand "${name}-${architecture}"
      {
        nativeBuildInputs = [
          rust.tools.xtask
          pkgs.binutils
        ];
      }
      ''
        ${prepare}
        xtask package zip ${folder} ${built} --architecture ${architecture} --to $out
      '';

  native =
    architecture: name:
    let
      binary = "${rust.functionFor architecture name}/bin/${name}";
    in
    zip architecture name "bash ${./verify-bootstrap.sh} ${binary} '${machines.${architecture}}'" name binary;

  # A function in another language: `function.json` beside its sources tells its runtime.
  scripted =
    name: language: built:
    let
      folder = "lambdas/${language}/${name}";
      description = lib.fileset.toSource {
        inherit root;
        fileset = root + "/${folder}/function.json";
      };
    in
    zip own name "" "${description}/${folder}" built;

  all = lib.genAttrs rust.functions (native own) // {
    preview-orders = scripted "preview-orders" "typescript" npm.preview-orders;
    report-results = scripted "report-results" "python" python.report-results;
  };
in
{
  inherit all native machines;
  architecture = own;

  packages =
    all
    // {
      functions = pkgs.runCommand "functions-${own}" { nativeBuildInputs = [ rust.tools.xtask ]; } ''
        xtask package join ${toString (builtins.attrValues all)} --to $out
      '';
    }
    // lib.listToAttrs (
      map (name: lib.nameValuePair "${name}-${other}" (native other name)) rust.functions
    );
}
