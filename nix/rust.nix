# Rust: binaries of the workspace, each from its own source files only.
#
# Dependencies have their own derivations: those of the functions and of gridbid per processor, and those of the tools. A package is
# built from the workspace's stubs (every Cargo.toml with empty sources, as crane generates them) and its own files, so that a change
# of one function rebuilds only that function. Functions are static musl binaries; tools run on the build machine.
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
  # Files that belong to the Rust workspace.
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

  # Every manifest with empty sources: changes only if a dependency does.
  stubs = craneLib.mkDummySrc {
    src = select (map (path: fileFilter isSource (root + path)) members);
  };

  # The stubs with the real files of the given paths.
  sourceOf =
    paths:
    pkgs.runCommand "source" { } ''
      cp -r --no-preserve=mode ${stubs} $out
      cp -r --no-preserve=mode ${select (map (path: root + path) paths)}/. $out
    '';

  # Panic messages contain source paths, which must not depend on the build folder.
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

  # Tools that run during builds.
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
    package: description: paths:
    craneLib.buildPackage (
      forTools
      // {
        pname = package;
        src = sourceOf paths;
        cargoArtifacts = toolDependencies;
        cargoExtraArgs = "--locked --package ${package}";
        meta = {
          inherit description;
          mainProgram = package;
        };
      }
    );

  # Binaries for Lambda. musl's C compiler is used for both processors, also for the build machine's own.
  architectures = {
    arm64 = {
      triple = "aarch64-unknown-linux-musl";
      # As printed by readelf.
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
  other = if own == "arm64" then "x86_64" else "arm64";
  # One cargo call per package, as in `static`: together they would unify the features of their dependencies.
  dependenciesFor =
    name: packages: architecture: _:
    craneLib.buildDepsOnly (
      forLambda architecture
      // {
        pname = "gridbid-${name}-${architecture}";
        dummySrc = stubs;
        buildPhaseCargoCommand = each packages;
      }
    );
  functionPackages = map (name: "gridbid-${name}") functions;
  dependencies = lib.mapAttrs (dependenciesFor "functions" functionPackages) architectures;
  # Most of its crates are in no function.
  forDelivery = lib.mapAttrs (dependenciesFor "delivery" [ "gridbid-delivery" ]) architectures;
  static =
    architecture: artifacts: package: paths:
    craneLib.buildPackage (
      forLambda architecture
      // {
        pname = package;
        src = sourceOf paths;
        cargoArtifacts = artifacts.${architecture};
        cargoExtraArgs = "--locked --package ${package}";
        # Already stripped, and possibly for another processor.
        dontStrip = true;
        dontPatchELF = true;
      }
    );

  # The command that releases and deploys: static, because each release includes it for machines without Nix.
  gridbidFor =
    architecture:
    let
      inherit (architectures.${architecture}) machine;
      built = static architecture forDelivery "gridbid-delivery" [
        "/delivery"
        "/tools/release-format"
      ];
    in
    built.overrideAttrs {
      postInstall = "bash ${./verify-bootstrap.sh} $out/bin/gridbid '${machine}'";
      meta = {
        description = "gridbid, which releases and deploys, for ${architecture}";
        mainProgram = "gridbid";
      };
    };
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
    other
    dependencies
    toolDependencies
    cargoVendorDir
    ;

  # A function's static binary, named like the function.
  functionFor =
    architecture: name:
    static architecture dependencies "gridbid-${name}" [
      "/core/Cargo.toml"
      "/core/src"
      "/lambdas/rust/adapters"
      "/lambdas/rust/${name}"
    ];

  # Artifacts are built by `package` alone, so that a change of any other tool rebuilds none.
  tools = {
    xtask = tool "xtask" "cargo xtask: builds, starts, shows and tests Gridbid on a local cloud" (
      packageSources
      ++ [
        "/tools/infrastructure/Cargo.toml"
        "/tools/infrastructure/src"
        "/tools/local-cloud/Cargo.toml"
        "/tools/local-cloud/src"
        "/tools/simulators/protocol"
        "/xtask/Cargo.toml"
        "/xtask/src"
      ]
    );
    package = tool "gridbid-package" "Builds zips, the WASM module and packages" packageSources;
    simulators = tool "gridbid-simulators" "The simulated auction platform and Slack" [
      "/tools/release-format"
      "/tools/simulators"
    ];
    bindgen = tool "gridbid-bindgen" "wasm-bindgen in the version of Cargo.lock" [
      "/bindings/wasm/bindgen"
    ];
  };

  delivery = {
    gridbid = gridbidFor own;
    "gridbid-${other}" = gridbidFor other;
  };
}
