# Python: the wheel of the package gridbid and the content of the zip of the function report-results.
#
# Dependencies are fetched by the versions and hashes of the requirements files. A requirement lists the hashes of all its files
# without their names, so the hash of the needed wheel is repeated here and refused if the list no longer has it. Both are
# built by their own scripts with Lambda's Python version.
{
  pkgs,
  lib,
  root,
  wasm,
}:
let
  inherit (lib.fileset) toSource unions;
  inherit (pkgs.stdenv.hostPlatform) system;
  python = pkgs.python313;

  # Parses a requirements file: name, version and hashes.
  requirementsOf =
    file:
    let
      text = lib.replaceStrings [ "\\\n" ] [ " " ] (builtins.readFile (root + file));
      parsed = line: builtins.match "([a-zA-Z0-9._-]+)==([^ ]+) +(.*)" line;
      requirement = line: {
        name = builtins.elemAt line 0;
        value = {
          version = builtins.elemAt line 1;
          hashes = builtins.elemAt line 2;
        };
      };
    in
    builtins.listToAttrs (
      map requirement (builtins.filter (line: line != null) (map parsed (lib.splitString "\n" text)))
    );

  # Downloads a wheel of a requirements file from pip's configured index, verifies its hash, and puts it into a folder for pip.
  wheelOf =
    file:
    {
      name,
      sha256,
      platform ? "any",
    }:
    let
      requirement = (requirementsOf file).${name};
      pname = lib.replaceStrings [ "-" ] [ "_" ] name;
      wheel = "${pname}-${requirement.version}-py3-none-${platform}.whl";
    in
    assert lib.assertMsg (lib.hasInfix sha256 requirement.hashes)
      "${file} no longer has the hash of ${wheel} in nix/python.nix: update the hash";
    pkgs.linkFarm "wheel-${name}" {
      ${wheel} =
        pkgs.runCommand wheel
          {
            PIP_CERT = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
            impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "PIP_INDEX_URL" ];
            outputHash = sha256;
            outputHashAlgo = "sha256";
            outputHashMode = "flat";
          }
          ''
            export HOME=$TMPDIR
            ${python}/bin/python3.13 -m venv $TMPDIR/environment
            $TMPDIR/environment/bin/pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
              --platform ${platform} --dest . ${name}==${requirement.version}
            mv -- *.whl $out
          '';
    };

  packageRequirements = "/bindings/python/requirements-dev.txt";
  functionRequirements = "/lambdas/python/report-results/requirements.txt";
  pure = name: sha256: wheelOf packageRequirements { inherit name sha256; };

  wasmtime =
    {
      x86_64-linux = {
        platform = "manylinux1_x86_64";
        sha256 = "cc14c3a17654e0394e0225b11813532ef0cd7bd1e222a0c5494cdedaabeddac4";
      };
      aarch64-linux = {
        platform = "manylinux2014_aarch64";
        sha256 = "675484e525c028dc02762b777f1db4477ea70caa3fec6775426daff4d64edfb1";
      };
      aarch64-darwin = {
        platform = "macosx_11_0_arm64";
        sha256 = "ff4fc58ed3cbdb919d056accd4d280be13962a542754aaefd8a9b4654efa9bd9";
      };
    }
    .${system}
    // {
      name = "wasmtime";
    };

  # Requirements of the wheel's build and of the tests.
  packaging = pure "packaging" "d7193f7c8e4e93f444fde0262bf90af30e16fa0ad0ad44cb553c87339b23cd1c";
  pluggy = pure "pluggy" "7dd7b0d8832ba3cb632c306926ded123429211b83641b35dc5c41ad2d34f9bec";
  builders = [
    packaging
    pluggy
    (pure "hatchling" "415290b84f464d2884303fca8974d38e7b85579069fab02a15db0828fbb1446d")
    (pure "pathspec" "a00ce642f577bf7f473932318056212bc4f8bfdf53128c78bbd5af0b9b20b189")
    (pure "tomlkit" "05562412163a3037b94497385fb7f9204c637bc605af7a48199e41cf2272f437")
    (pure "trove-classifiers" "8b1ff4f9c191b1040b71c37f1e445ab99732911e3cd91de52838453a854d7a17")
  ];
  testers = [
    packaging
    pluggy
    (pure "iniconfig" "9121e2c1fdb355232495be3194c8dfe87ccc2d5dee45947b78e68f499790d7a7")
    (pure "pygments" "2363c69b61c4a97c838da3b130dcd6468f4848992b21a82f2a63ec34377137d9")
    (pure "pytest" "07acdcf88ec174f907dc01af70bf52d49b014bbab03faeeade31c96b18c2e588")
    (wheelOf packageRequirements wasmtime)
  ];

  # A Python environment with the given wheels, without an index.
  environment = wheels: ''
    export HOME=$TMPDIR
    ${python}/bin/python3.13 -m venv $TMPDIR/environment
    export PATH=$TMPDIR/environment/bin:$PATH
    export PIP_NO_INDEX=1 PIP_FIND_LINKS='${toString wheels}' PIP_DISABLE_PIP_VERSION_CHECK=1
    # wasmtime's wheel is built for generic Linux and expects libgcc in a path that Nix lacks.
    export LD_LIBRARY_PATH=${lib.makeLibraryPath [ pkgs.stdenv.cc.cc ]}
  '';
  install = wheels: ''
    pip install --quiet --no-deps ${lib.concatMapStringsSep " " (wheel: "${wheel}/*.whl") wheels}
  '';

  sourceOf =
    paths:
    toSource {
      inherit root;
      fileset = unions (map (path: root + path) paths);
    };
  package = "bindings/python";
  function = "lambdas/python/report-results";
  withModule = ''
    cp -r --no-preserve=mode $src repository
    install -m644 -t repository/${package}/src/gridbid ${wasm.module}/gridbid.wasm
  '';
in
{
  wheel =
    pkgs.runCommand "gridbid-wheel"
      {
        meta.description = "The Python package gridbid, as published";
        src = sourceOf (
          map (name: "/${package}/${name}") [
            ".gitignore"
            "README.md"
            "pyproject.toml"
            "src"
          ]
        );
      }
      ''
        ${environment builders}
        ${install builders}
        ${withModule}
        # hatchling's default timestamp, so that the wheel is the same as without Nix.
        unset SOURCE_DATE_EPOCH
        pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $out ./repository/${package}
      '';

  # The content of the zip of report-results, built on the target's processor.
  report-results =
    pkgs.runCommand "report-results-content"
      {
        src = sourceOf [
          "/${function}/build.py"
          "/${function}/report_results.py"
          "/${function}/reporting"
          "/${function}/requirements.txt"
          "/${package}/src"
        ];
      }
      ''
        ${environment [ (wheelOf functionRequirements wasmtime) ]}
        ${withModule}
        python repository/${function}/build.py $out
      '';

  # The package's tests, except those of the wheel, which need an index.
  tests =
    pkgs.runCommand "gridbid-python-tests"
      {
        meta.description = "Tests of the Python package";
        src = sourceOf [
          "/${package}/README.md"
          "/${package}/pyproject.toml"
          "/${package}/src"
          "/${package}/tests"
          "/core/src"
          "/core/vectors"
        ];
      }
      ''
        ${environment testers}
        ${install testers}
        ${withModule}
        cd repository/${package}
        python -m pytest -q -p no:cacheprovider --ignore tests/test_wheel.py
        touch $out
      '';
}
