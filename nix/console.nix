# The console: a static page on @gridbid/core, with the bytes that `npm run build` in console/ writes.
{
  pkgs,
  npm,
  ...
}:
let
  page = [
    "/console/package.json"
    "/console/scripts"
    "/console/src"
    # esbuild reads it.
    "/console/tsconfig.json"
  ];

  # Packages that only tests use, by the beginnings of their names: a new version of one does not build the page again.
  forTests = [
    "@types/"
    "@typescript/"
    "axe-core"
    "playwright-core"
    "typescript"
    "undici-types"
  ];

  run =
    name: description: paths: modules: text:
    pkgs.runCommand name
      {
        meta = { inherit description; };
        nativeBuildInputs = [ pkgs.nodejs_22 ];
      }
      ''
        export HOME=$TMPDIR
        cp -r --no-preserve=mode ${npm.sourceOf paths} repository
        cd repository
        mkdir -p bindings/typescript
        cp -r ${npm.package}/dist bindings/typescript/dist
        cd console
        cp -r --no-preserve=mode ${modules}/node_modules node_modules
        # The packages with programs.
        chmod -R a+x node_modules/@esbuild
        ${text}
      '';
in
{
  page =
    run "gridbid-console" "The built console, which a release contains" page
      (npm.modulesWithout forTests "/console")
      ''
        node scripts/build.mjs
        if grep --recursive --text /nix/store dist; then
          echo 'the page contains a path in /nix/store'
          exit 1
        fi
        cp -r dist $out
      '';

  # Types and unit tests. The browser tests are part of `cargo xtask test languages`.
  tests =
    run "gridbid-console-tests" "Types and unit tests of the console"
      (
        page
        ++ [
          "/console/test"
          "/terraform/modules/console"
        ]
      )
      (npm.modulesOf "/console")
      ''
        chmod -R a+x node_modules/@typescript
        node node_modules/typescript/bin/tsc -p .
        node node_modules/typescript/bin/tsc -p test
        node scripts/test.mjs unit
        touch $out
      '';
}
