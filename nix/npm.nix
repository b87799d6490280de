# TypeScript: the npm package @gridbid/core and the bundle of the function preview-orders.
#
# Dependencies are fetched by name, version and hash of each package-lock.json; no hashes are kept here. Both are built by
# their own scripts in the repository's folder layout, so that the bytes equal those of `cargo xtask`.
{
  pkgs,
  lib,
  root,
  wasm,
}:
let
  inherit (lib.fileset) toSource unions;
  inherit (pkgs.stdenv.hostPlatform) node;

  # Downloads a package from npm's configured registry and verifies the lock file's hash.
  download =
    name: version: integrity:
    pkgs.runCommand "${baseNameOf name}-${version}.tgz"
      {
        nativeBuildInputs = [ pkgs.nodejs_22 ];
        NODE_EXTRA_CA_CERTS = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
        impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "npm_config_registry" ];
        outputHash = integrity;
        outputHashMode = "flat";
      }
      ''
        export HOME=$TMPDIR
        npm pack --ignore-scripts --no-progress --no-update-notifier ${name}@${version}
        mv -- *.tgz $out
      '';

  # Unpacks a lock file's packages for this platform, except those whose names begin with an excluded text. Package scripts do
  # not run.
  modulesWithout =
    excluded: folder:
    let
      lock = lib.importJSON (root + "${folder}/package-lock.json");
      fits =
        path: package:
        lib.hasPrefix "node_modules/" path
        && !(lib.any (name: lib.hasPrefix "node_modules/${name}" path) excluded)
        && !(package.link or false)
        && builtins.elem node.platform (package.os or [ node.platform ])
        && builtins.elem node.arch (package.cpu or [ node.arch ]);
      tarball =
        path: package:
        let
          name = package.name or (lib.last (lib.splitString "node_modules/" path));
        in
        download name package.version package.integrity;
      unpack = path: package: ''
        mkdir -p $out/${path}
        tar -xzf ${tarball path package} -C $out/${path} --strip-components=1 --no-same-owner
      '';
    in
    pkgs.runCommand "node-modules" { } (
      "mkdir -p $out/node_modules\n"
      + lib.concatStrings (lib.mapAttrsToList unpack (lib.filterAttrs fits lock.packages))
    );

  modulesOf = modulesWithout [ ];

  sourceOf =
    paths:
    toSource {
      inherit root;
      fileset = unions (map (path: root + path) paths);
    };
  package = "bindings/typescript";
  function = "lambdas/typescript/preview-orders";

  # The built package, as published.
  built =
    pkgs.runCommand "gridbid-core"
      {
        nativeBuildInputs = [ pkgs.nodejs_22 ];
        src = sourceOf (
          map (name: "/${package}/${name}") [
            "README.md"
            "package.json"
            "scripts"
            "src"
            "tsconfig.json"
          ]
        );
      }
      ''
        cp -r --no-preserve=mode $src/${package} package
        cd package
        cp -r --no-preserve=mode ${modulesOf "/${package}"}/node_modules node_modules
        # The packages with programs.
        chmod -R a+x node_modules/@esbuild node_modules/@typescript
        install -Dm644 -t wasm ${wasm.module}/*
        node scripts/build.mjs
        mkdir $out
        cp -r README.md package.json dist $out
      '';
in
{
  inherit modulesOf modulesWithout sourceOf;
  package = built;

  tarball =
    pkgs.runCommand "gridbid-core-tarball"
      {
        meta.description = "The npm package @gridbid/core, as published";
        nativeBuildInputs = [ pkgs.nodejs_22 ];
      }
      ''
        export HOME=$TMPDIR
        cp -r --no-preserve=mode ${built} package
        mkdir $out
        npm pack ./package --ignore-scripts --offline --pack-destination $out
      '';

  # The content of the zip of preview-orders.
  preview-orders =
    pkgs.runCommand "preview-orders-bundle"
      {
        nativeBuildInputs = [ pkgs.nodejs_22 ];
        src = sourceOf (
          map (name: "/${function}/${name}") [
            "build.mjs"
            "package.json"
            "src"
            "tsconfig.json"
          ]
        );
      }
      ''
        cp -r --no-preserve=mode $src repository
        cd repository
        mkdir bindings
        cp -r --no-preserve=mode ${built} ${package}
        cp -r --no-preserve=mode ${modulesOf "/${function}"}/node_modules ${function}/node_modules
        chmod -R u+w,a+x ${function}/node_modules/@esbuild
        mkdir ${function}/node_modules/@gridbid
        ln -s ../../../../../${package} ${function}/node_modules/@gridbid/core
        cd ${function}
        node build.mjs
        cp -r dist $out
      '';
}
