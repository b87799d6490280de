# Rust: what is compiled from the workspace, each from the files that it is made of and no others.
#
# One derivation of dependencies for each target and profile. A package is built from the workspace's stubs (every
# Cargo.toml, with empty sources, as crane makes them) and its own files, so that a change of one function rebuilds
# that function. Functions are static musl binaries; tools run on this machine. Called by wasm, zips, shell and checks.
{
  pkgs,
  lib,
  root,
  crane,
  toolchain,
  without,
}:
let
  craneLib = (crane.mkLib pkgs).overrideToolchain toolchain.build;
  inherit (lib.fileset) unions difference fileFilter;
  inherit ((lib.importTOML (root + "/Cargo.toml")).workspace.package) version;

  cargoVendorDir = craneLib.vendorCargoDeps { cargoLock = root + "/Cargo.lock"; };

  members = [
    "/bindings/wasm"
    "/core"
    "/delivery"
    "/lambdas/rust"
    "/tests"
    "/tools"
    "/xtask"
  ];
  isSource = file: file.hasExt "rs" || file.name == "Cargo.toml";
  # The workspace's own files, and some more.
  select =
    files:
    lib.fileset.toSource {
      inherit root;
      fileset = difference (unions (
        [
          (root + "/.cargo")
          (root + "/Cargo.lock")
          (root + "/Cargo.toml")
        ]
        ++ files
      )) (unions (map (path: root + path) without));
    };

  # Every manifest of the workspace, and for every source an empty one: it changes when a dependency does.
  stubs = craneLib.mkDummySrc {
    src = select (map (path: fileFilter isSource (root + path)) members);
  };

  # The workspace with the true files of some of it.
  sourceOf =
    paths:
    pkgs.runCommand "source" { } ''
      cp -r --no-preserve=mode ${stubs} $out
      cp -r --no-preserve=mode ${select (map (path: root + path) paths)}/. $out
    '';

  # Panics name their source: it must not be a path of the build.
  remap = "--remap-path-prefix=${cargoVendorDir}=/crates";

  common = {
    pname = "gridbid";
    inherit version cargoVendorDir;
    strictDeps = true;
    doCheck = false;
  };

  each =
    packages:
    lib.concatMapStrings (package: "cargoWithProfile build --locked --package ${package}\n") packages;

  # What is built for this machine and only helps to build.
  forTools = common // {
    RUSTFLAGS = remap;
  };
  toolDependencies = craneLib.buildDepsOnly (
    forTools
    // {
      pname = "gridbid-tools";
      dummySrc = stubs;
      buildPhaseCargoCommand = each [
        "xtask"
        "gridbid-bindgen"
        "gridbid-package"
        "gridbid-simulators"
      ];
    }
  );
  tool =
    package: paths:
    craneLib.buildPackage (
      forTools
      // {
        pname = package;
        src = sourceOf paths;
        cargoArtifacts = toolDependencies;
        cargoExtraArgs = "--locked --package ${package}";
        meta.mainProgram = package;
      }
    );

  # What runs on Lambda. The C compiler is musl's own, also where the processor is this machine's: one way for both.
  architectures = {
    arm64 = {
      triple = "aarch64-unknown-linux-musl";
      # As readelf names it.
      machine = "AArch64";
      inherit (pkgs.pkgsCross.aarch64-multiplatform-musl.stdenv) cc;
    };
    x86_64 = {
      triple = "x86_64-unknown-linux-musl";
      machine = "Advanced Micro Devices X86-64";
      inherit (pkgs.pkgsCross.musl64.stdenv) cc;
    };
  };
  forLambda =
    architecture:
    let
      inherit (architectures.${architecture}) triple cc;
      underscored = lib.replaceStrings [ "-" ] [ "_" ] triple;
      program = name: "${cc}/bin/${cc.targetPrefix}${name}";
    in
    common
    // {
      nativeBuildInputs = [
        pkgs.stdenv.cc
        cc
      ];
      CARGO_BUILD_TARGET = triple;
      "CARGO_TARGET_${lib.toUpper underscored}_LINKER" = program "cc";
      "CC_${underscored}" = program "cc";
      "AR_${underscored}" = program "ar";
      HOST_CC = "${pkgs.stdenv.cc}/bin/cc";
      RUSTFLAGS = remap;
    };
  own = if pkgs.stdenv.hostPlatform.isAarch64 then "arm64" else "x86_64";
  dependenciesFor =
    architecture:
    craneLib.buildDepsOnly (
      forLambda architecture
      // {
        pname = "gridbid-functions-${architecture}";
        dummySrc = stubs;
        # Each by a call of its own, as they are built below: together, they would share their dependencies' features.
        buildPhaseCargoCommand = each (
          map (name: "gridbid-${name}") functions ++ [ "gridbid-delivery" ]
        );
      }
    );
  dependencies = lib.mapAttrs (architecture: _: dependenciesFor architecture) architectures;
  static =
    architecture: package: paths:
    craneLib.buildPackage (
      forLambda architecture
      // {
        pname = package;
        src = sourceOf paths;
        cargoArtifacts = dependencies.${architecture};
        cargoExtraArgs = "--locked --package ${package}";
        # It is stripped already, and may be another processor's.
        dontStrip = true;
        dontPatchELF = true;
      }
    );

  gridbid = static own "gridbid-delivery" [
    "/delivery"
    "/tools/release-format"
  ];
  packageSources = [
    "/tools/devkit/Cargo.toml"
    "/tools/devkit/src"
    "/tools/package"
    "/tools/release-format"
  ];

  isFunction = name: builtins.pathExists (root + "/lambdas/rust/${name}/src/main.rs");
  functions = builtins.filter isFunction (
    builtins.attrNames (builtins.readDir (root + "/lambdas/rust"))
  );
in
{
  inherit
    architectures
    own
    craneLib
    common
    isSource
    sourceOf
    stubs
    functions
    dependencies
    cargoVendorDir
    ;

  # A function's static binary, called like the function.
  functionFor =
    architecture: name:
    static architecture "gridbid-${name}" [
      "/core/Cargo.toml"
      "/core/src"
      "/lambdas/rust/adapters"
      "/lambdas/rust/${name}"
    ];

  # Artifacts are built by `package` alone, so that a change of any other tool rebuilds none.
  tools = {
    xtask = tool "xtask" (
      packageSources
      ++ [
        "/tools/local-cloud/Cargo.toml"
        "/tools/local-cloud/src"
        "/tools/simulators/protocol"
        "/xtask/Cargo.toml"
        "/xtask/src"
      ]
    );
    package = tool "gridbid-package" packageSources;
    simulators = tool "gridbid-simulators" [
      "/tools/release-format"
      "/tools/simulators"
    ];
    bindgen = tool "gridbid-bindgen" [ "/bindings/wasm/bindgen" ];
  };

  # The command that releases and deploys: static, because it lies beside each release for machines without Nix.
  delivery.gridbid = gridbid.overrideAttrs {
    postInstall = "bash ${./verify-bootstrap.sh} $out/bin/gridbid '${architectures.${own}.machine}'";
    meta.mainProgram = "gridbid";
  };
}
