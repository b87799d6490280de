# `nix flake check`: one derivation per concern.
#
# Checks that need a network or a running cloud are not included: advisories, browser tests, installation from an index, system
# tests (`nix run .#test`). Terraform's checks are in terraform.nix.
{
  pkgs,
  lib,
  root,
  rust,
  wasm,
  npm,
  python,
  zips,
  parts,
  again,
}:
let
  inherit (rust) craneLib common;
  inherit (lib.fileset) toSource unions fileFilter;
  inherit (pkgs.stdenv.hostPlatform) isLinux;
  sourceOf =
    paths:
    toSource {
      inherit root;
      fileset = unions paths;
    };

  # All Rust sources, and the configuration of the tools.
  code = [
    (fileFilter rust.isSource root)
    (root + "/.cargo")
    (root + "/.config")
    (root + "/Cargo.lock")
    (root + "/clippy.toml")
    (root + "/deny.toml")
    (root + "/docs/openapi.yaml")
    (root + "/rustfmt.toml")
    # Tests compile them in.
    (root + "/docs/development.md")
    (root + "/lambdas/rust/orders-api/src/tests/events.json")
    (root + "/terraform/modules/alerts/main.tf")
    (root + "/terraform/modules/alerts/watch.tf")
    (root + "/terraform/modules/function/alarms.tf")
    (root + "/terraform/modules/results-run/main.tf")
    (root + "/terraform/modules/results-run/run.asl.json")
    (root + "/terraform/modules/results-run/variables.tf")
    (root + "/terraform/modules/results-run/watch.tf")
    (root + "/terraform/modules/submission/watch.tf")
  ];
  # Also files that tests read.
  tested = code ++ [
    (root + "/.github")
    (root + "/.terraform-version")
    (root + "/core/vectors")
    (root + "/nix/terraform.nix")
    (root + "/tools")
    (root + "/xtask")
    # Shows which Terraform roots exist; terraform.nix checks their content.
    (fileFilter (file: file.name == "versions.tf") (root + "/terraform"))
  ];
  cargo = common // {
    src = sourceOf code;
    # The same profile as manual builds.
    CARGO_PROFILE = "dev";
    doInstallCargoArtifacts = false;
  };
  dependencies = craneLib.buildDepsOnly (
    removeAttrs cargo [
      "src"
      "doInstallCargoArtifacts"
    ]
    // {
      pname = "gridbid-checks";
      dummySrc = rust.stubs;
      buildPhaseCargoCommand = ''
        cargoWithProfile check --locked --workspace --all-targets --all-features
        cargoWithProfile build --locked --workspace --all-targets
      '';
    }
  );
  withDependencies = cargo // {
    cargoArtifacts = dependencies;
  };

  script =
    name: description: inputs: text:
    pkgs.runCommand name
      {
        meta = { inherit description; };
        nativeBuildInputs = inputs;
      }
      ''
        ${text}
        touch $out
      '';
  same =
    name: description: one: other:
    script name description [ ] ''
      for file in $(cd ${one} && find . -type f); do
        cmp ${one}/$file ${other}/$file
      done
    '';

  # The same derivation, built again in a folder of another name and with one job.
  twice =
    derivation:
    derivation.overrideAttrs (old: {
      again = true;
      postUnpack = ''
        mv "$sourceRoot" another-folder
        sourceRoot=another-folder
      ''
      + old.postUnpack or "";
      CARGO_BUILD_JOBS = 1;
    });

  # The names of the parts whose derivations differ without a file.
  changedWithout =
    file:
    let
      after = (again [ file ]).parts;
      changed = kind: name: part: part.drvPath != after.${kind}.${name}.drvPath;
    in
    lib.mapAttrs (kind: members: builtins.attrNames (lib.filterAttrs (changed kind) members)) parts;
  nothing = lib.mapAttrs (_: _: [ ]) parts;
in
{
  rustfmt = craneLib.cargoFmt (
    removeAttrs cargo [
      "cargoVendorDir"
      "CARGO_PROFILE"
    ]
    // {
      meta.description = "Rust's files are formatted";
    }
  );
  clippy = craneLib.cargoClippy (
    withDependencies
    // {
      meta.description = "No warning of clippy";
      cargoExtraArgs = "--locked --workspace --all-features";
      cargoClippyExtraArgs = "--all-targets -- -D warnings";
    }
  );
  nextest = craneLib.cargoNextest (
    withDependencies
    // {
      meta.description = "The tests in Rust pass";
      src = sourceOf tested;
      # Tests install packages from their own folders with npm and pip.
      nativeBuildInputs = [
        pkgs.git
        pkgs.nodejs_22
        pkgs.python313
        pkgs.unixtools.ps
      ];
      doCheck = true;
      cargoExtraArgs = "--locked --workspace";
    }
  );
  doctest = craneLib.cargoDocTest (
    withDependencies
    // {
      meta.description = "The examples in documentation compile and pass";
      doCheck = true;
      cargoExtraArgs = "--locked --workspace";
    }
  );
  doc = craneLib.cargoDoc (
    withDependencies
    // {
      meta.description = "The documentation has no warning";
      RUSTDOCFLAGS = "-D warnings";
      cargoDocExtraArgs = "--workspace --no-deps --document-private-items";
    }
  );
  deny = craneLib.cargoDeny (
    removeAttrs cargo [ "CARGO_PROFILE" ]
    // {
      meta.description = "Dependencies are of allowed kinds, licences and sources";
      cargoExtraArgs = "--locked";
      cargoDenyExtraArgs = "--all-features";
    }
  );

  vectors-node = script "gridbid-typescript-tests" "Tests of the npm package" [ pkgs.nodejs_22 ] ''
    export HOME=$TMPDIR
    cp -r --no-preserve=mode ${
      sourceOf [
        (root + "/bindings/typescript")
        (root + "/core/src")
        (root + "/core/vectors")
      ]
    } repository
    cd repository/bindings/typescript
    cp -r ${npm.package}/dist dist
    cp -r ${npm.modulesOf "/bindings/typescript"}/node_modules node_modules
    node node_modules/typescript/bin/tsc -p test
    # Nix builds in a terminal, where Node would color the output that tests compare.
    NO_COLOR=1 node --test test/{api,docs,hostile,laws,vectors}.test.js | cat
  '';
  vectors-python = python.tests;

  wasm-twice = same "wasm-twice" "A second build is identical" wasm.module (twice wasm.module);

  state-machine = script "state-machine" "The state machine is valid" [ pkgs.nodejs_22 ] ''
    for definition in $(find ${
      sourceOf [ (fileFilter (file: lib.hasSuffix ".asl.json" file.name) (root + "/terraform")) ]
    } -name '*.asl.json'); do
      node ${npm.modulesOf "/tools/devkit/npm"}/node_modules/asl-validator/dist/bin/asl-validator.js --json-path "$definition"
    done
  '';

  workflows =
    script "workflows" "No finding of actionlint, shellcheck and zizmor"
      [
        pkgs.actionlint
        pkgs.shellcheck
        pkgs.zizmor
      ]
      ''
        cp -r ${sourceOf [ (root + "/.github") ]}/.github .github
        actionlint .github/workflows/*.y*ml
        shellcheck .github/scripts/*
        zizmor --offline --config .github/zizmor.yml .github
      '';

  nixfmt = script "nixfmt" "Nix's files are formatted" [ pkgs.nixfmt ] ''
    nixfmt --check ${
      sourceOf [
        (root + "/flake.nix")
        (fileFilter (file: file.hasExt "nix") (root + "/nix"))
      ]
    }/{flake.nix,nix/*.nix}
  '';
}
// lib.optionalAttrs isLinux {
  zips-twice = script "zips-twice" "A second build of each zip is identical" [ ] (
    lib.concatStrings (
      lib.mapAttrsToList (name: zip: "cmp ${zips.all.${name}}/${name}.zip ${zip}/${name}.zip\n") (
        lib.genAttrs rust.functions (
          name: zips.nativeFrom rust.own name (twice (rust.functionFor rust.own name))
        )
        // lib.mapAttrs (name: function: zips.scriptedFrom name (twice function.built)) zips.scripted
      )
    )
  );

  # Proves that the verification of bootstrap binaries refuses invalid ones.
  bootstrap =
    pkgs.runCommandCC "bootstrap"
      {
        meta.description = "The verification of bootstrap binaries refuses invalid ones";
        nativeBuildInputs = [ pkgs.binutils ];
      }
      ''
        refused() {
          if bash ${./verify-bootstrap.sh} "$1" "$2" 2>message; then
            echo "$1 was not refused"
            exit 1
          fi
          cat message
          grep --quiet "$3" message
        }
        machine='${rust.architectures.${rust.own}.machine}'
        echo 'int main() { return 0; }' >dynamic.c
        $CC dynamic.c -o dynamic
        refused dynamic "$machine" 'has an interpreter'
        good=${rust.functionFor rust.own (builtins.head rust.functions)}/bin/${builtins.head rust.functions}
        refused $good 'Quite another machine' 'is not for'
        cp --no-preserve=mode $good naming
        echo /nix/store/somewhere >>naming
        refused naming "$machine" 'contains a path'
        bash ${./verify-bootstrap.sh} $good "$machine"
        touch $out
      '';

  # Evaluated, not built: which derivations depend on a file.
  sources =
    let
      expect =
        file: expected:
        let
          changed = changedWithout file;
        in
        lib.assertMsg (
          changed == nothing // expected
        ) "${file} changes these derivations: ${builtins.toJSON changed}";
    in
    assert expect "/lambdas/rust/store-result/src/tests.rs" { zips = [ "store-result" ]; };
    # Neither the module nor anything made of it.
    assert expect "/xtask/src/system.rs" { tools = [ "xtask" ]; };
    assert expect "/delivery/src/lease.rs" { };
    script "sources" "A source file changes only its own derivations" [ ] "";
}
