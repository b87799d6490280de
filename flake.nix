# Gridbid for Nix: every tool pinned, every artifact built in a sandbox, every check a derivation.
#
# Only the inputs, the systems and the wiring: what is built stands in nix/, one file for each kind of output, and
# docs/nix.md says what each output is. Versions stand where other tools read them too: rust-toolchain.toml and lock files.
{
  description = "Gridbid: orders for an energy-market auction, taken, checked, kept and settled on AWS Lambda";

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
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      gridbid = nixpkgs.lib.genAttrs systems (
        system:
        import ./nix {
          inherit nixpkgs crane system;
          overlays = [ rust-overlay.overlays.default ];
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
