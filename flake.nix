# Inputs, systems and wiring. nix/ has one file per kind of output; docs/nix.md describes the outputs.
#
# Versions are in files that other tools read, too: rust-toolchain.toml, .terraform-version and the lock files.
{
  description = "Gridbid: orders for an energy-market auction, on AWS Lambda";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    crane.url = "github:ipetkov/crane";
    rust-overlay = {
      url = "github:oxalica/rust-overlay";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      nixpkgs,
      crane,
      rust-overlay,
      ...
    }:
    let
      # nixpkgs has dropped x86_64-darwin.
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      gridbid = nixpkgs.lib.genAttrs systems (
        system:
        import ./nix {
          inherit crane;
          pkgs = import nixpkgs {
            inherit system;
            overlays = [ rust-overlay.overlays.default ];
          };
          root = ./.;
        }
      );
      each = kind: builtins.mapAttrs (_: outputs: outputs.${kind}) gridbid;
    in
    {
      packages = each "packages";
      apps = each "apps";
      checks = each "checks";
      devShells = each "devShells";
      formatter = each "formatter";
    };
}
