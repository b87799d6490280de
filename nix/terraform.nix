# Terraform's checks: format, validation of every root (every folder with a lock file), tests with a mocked provider.
#
# The provider is fetched by the lock file's version and the hash of its unpacked archive; `terraform init` then verifies the lock
# file's own hash. Platforms without a known hash have no validation and no tests; docs/nix.md describes how to add one.
{
  pkgs,
  lib,
  root,
}:
let
  inherit (pkgs.stdenv.hostPlatform) system;
  lock = builtins.readFile (root + "/terraform/tests/.terraform.lock.hcl");
  version = builtins.head (builtins.match ".*version +=? *\"([0-9.]+)\".*" lock);
  known = {
    x86_64-linux = {
      platform = "linux_amd64";
      hash = "sha256-iakUDhMw/FKMo9QRF3f2+Qyp3UvcPgco8YxMAY9dQwA=";
    };
  };
  provider =
    let
      inherit (known.${system}) platform hash;
    in
    pkgs.fetchzip {
      url = "https://releases.hashicorp.com/terraform-provider-aws/${version}/terraform-provider-aws_${version}_${platform}.zip";
      stripRoot = false;
      inherit hash;
    };
  mirror = pkgs.linkFarm "terraform-mirror" {
    "registry.terraform.io/hashicorp/aws/${version}/${known.${system}.platform}" = provider;
  };
  configuration = pkgs.writeText "terraformrc" ''
    provider_installation {
      filesystem_mirror {
        path = "${mirror}"
      }
    }
  '';

  sources = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.difference (root + "/terraform") (
      lib.fileset.fileFilter (file: lib.hasInfix "tfstate" file.name) (root + "/terraform")
    );
  };
  check =
    name: script:
    pkgs.runCommand name { nativeBuildInputs = [ pkgs.terraform ]; } ''
      export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0 HOME=$TMPDIR AWS_REGION=eu-west-1
      cp -r --no-preserve=mode ${sources}/terraform terraform
      cd terraform
      ${script}
      touch $out
    '';
in
{
  checks = {
    terraform-fmt = check "terraform-fmt" "terraform fmt -check -recursive -diff";
  }
  // lib.optionalAttrs (known ? ${system}) {
    terraform-validate = check "terraform-validate" ''
      export TF_CLI_CONFIG_FILE=${configuration}
      for lock in $(find . -name .terraform.lock.hcl | sort); do
        terraform -chdir="$(dirname "$lock")" init -backend=false -lockfile=readonly -no-color
        terraform -chdir="$(dirname "$lock")" validate -no-color
      done
    '';
    terraform-test = check "terraform-test" ''
      export TF_CLI_CONFIG_FILE=${configuration}
      cd tests
      terraform init -backend=false -lockfile=readonly -no-color
      terraform test -no-color
    '';
  };
}
