# The functions' zips, and `functions`: all zips with the manifest functions.json that Terraform reads. Linux only.
#
# gridbid-package writes zips and manifests, with the code that a laptop uses. Each function's folder has its zip and a
# manifest. All functions are built for this machine's processor; the Rust functions are cross-built for the other one too.
# The Python function's WASM module is compiled ahead of time, which needs the target processor.
{
  pkgs,
  lib,
  root,
  rust,
  npm,
  python,
}:
let
  inherit (rust) own other architectures;

  zip =
    architecture: name: prepare: folder: built: content:
    pkgs.runCommand "${name}-${architecture}"
      {
        meta.description = "The zip of the function ${name} for ${architecture}, with its manifest";
        # What the zip is made of, for `nix build .#${name}.content --rebuild`.
        passthru = { inherit content; };
        nativeBuildInputs = [
          rust.tools.package
          pkgs.binutils
        ];
      }
      ''
        ${prepare}
        gridbid-package zip ${folder} ${built} --architecture ${architecture} --to $out
      '';

  nativeFrom =
    architecture: name: built:
    let
      binary = "${built}/bin/${name}";
    in
    zip architecture name "bash ${./verify-bootstrap.sh} ${binary} '${
      architectures.${architecture}.machine
    }'" name binary built;
  native = architecture: name: nativeFrom architecture name (rust.functionFor architecture name);

  # A function in another language: `function.json` in its folder names its runtime.
  scriptedFrom =
    name: built:
    let
      folder = "lambdas/${scripted.${name}.language}/${name}";
      description = lib.fileset.toSource {
        inherit root;
        fileset = root + "/${folder}/function.json";
      };
      verify = ''
        if grep --recursive --text /nix/store ${built}; then
          echo '${name} contains a path in /nix/store'
          exit 1
        fi
      '';
    in
    zip own name verify "${description}/${folder}" built built;
  scripted = {
    preview-orders = {
      language = "typescript";
      built = npm.preview-orders;
    };
    report-results = {
      language = "python";
      built = python.report-results;
    };
  };

  # Every folder with a function.json must have an entry above, or the function would be missing in a release.
  described = lib.concatMap (
    language:
    builtins.filter (name: builtins.pathExists (root + "/lambdas/${language}/${name}/function.json")) (
      builtins.attrNames (builtins.readDir (root + "/lambdas/${language}"))
    )
  ) (builtins.attrNames (builtins.readDir (root + "/lambdas")));
  forgotten = lib.subtractLists (builtins.attrNames scripted) described;

  all =
    assert lib.assertMsg (
      forgotten == [ ]
    ) "nix/zips.nix has no build for these functions: ${toString forgotten}";
    lib.genAttrs rust.functions (native own)
    // lib.mapAttrs (name: function: scriptedFrom name function.built) scripted;
in
{
  inherit
    all
    native
    nativeFrom
    scripted
    scriptedFrom
    ;

  packages =
    all
    // {
      functions =
        pkgs.runCommand "functions-${own}"
          {
            meta.description = "All zips with functions.json, as production runs them";
            nativeBuildInputs = [ rust.tools.package ];
          }
          ''
            gridbid-package join ${toString (builtins.attrValues all)} --to $out
          '';
    }
    // lib.listToAttrs (
      map (name: lib.nameValuePair "${name}-${other}" (native other name)) rust.functions
    );
}
