# Terraform, and its checks: format, validation of every root (every folder with a lock file), tests with a mocked provider.
#
# Terraform and the provider are HashiCorp's own binaries. Terraform has the version of .terraform-version, as in the workflows; its
# archives' hashes are those that HashiCorp publishes. The provider has the lock file's version and the hash of its unpacked
# archive; `terraform init` then verifies the lock file's own hash. Platforms without a known hash of the provider have no validation
# and no tests; docs/nix.md describes how to add one.
{
  pkgs,
  lib,
  root,
}:
let
  inherit (pkgs.stdenv.hostPlatform) system;
  releases = "https://releases.hashicorp.com";
  platforms = {
    x86_64-linux = "linux_amd64";
    aarch64-linux = "linux_arm64";
    aarch64-darwin = "darwin_arm64";
  };
  platform = platforms.${system};

  terraformVersion = lib.fileContents (root + "/.terraform-version");
  # As in terraform_VERSION_SHA256SUMS.
  archives."1.11.4" = {
    x86_64-linux = "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc";
    aarch64-linux = "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633";
    aarch64-darwin = "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18";
  };
  terraform =
    assert lib.assertMsg (
      archives ? ${terraformVersion}
    ) ".terraform-version has ${terraformVersion}, whose hashes are missing in nix/terraform.nix";
    pkgs.runCommand "terraform-${terraformVersion}"
      {
        version = terraformVersion;
        src = pkgs.fetchurl {
          url = "${releases}/terraform/${terraformVersion}/terraform_${terraformVersion}_${platform}.zip";
          sha256 = archives.${terraformVersion}.${system};
        };
        nativeBuildInputs = [ pkgs.unzip ];
        meta = {
          description = "Terraform, as HashiCorp publishes it";
          mainProgram = "terraform";
        };
      }
      ''
        unzip -q $src terraform
        install -Dm755 -t $out/bin terraform
      '';

  lock = builtins.readFile (root + "/terraform/tests/.terraform.lock.hcl");
  version = builtins.head (builtins.match ".*version +=? *\"([0-9.]+)\".*" lock);
  providers.x86_64-linux = "sha256-iakUDhMw/FKMo9QRF3f2+Qyp3UvcPgco8YxMAY9dQwA=";
  provider = pkgs.fetchzip {
    url = "${releases}/terraform-provider-aws/${version}/terraform-provider-aws_${version}_${platform}.zip";
    stripRoot = false;
    hash = providers.${system};
  };
  mirror = pkgs.linkFarm "terraform-mirror" {
    "registry.terraform.io/hashicorp/aws/${version}/${platform}" = provider;
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
    name: description: script:
    pkgs.runCommand name
      {
        meta = { inherit description; };
        nativeBuildInputs = [ terraform ];
      }
      ''
        export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0 HOME=$TMPDIR AWS_REGION=eu-west-1
        cp -r --no-preserve=mode ${sources}/terraform terraform
        cd terraform
        ${script}
        touch $out
      '';
in
{
  inherit terraform;

  checks = {
    terraform-fmt = check "terraform-fmt" "Terraform's format" "terraform fmt -check -recursive -diff";
  }
  // lib.optionalAttrs (providers ? ${system}) {
    terraform-validate = check "terraform-validate" "Every root is valid" ''
      export TF_CLI_CONFIG_FILE=${configuration}
      for lock in $(find . -name .terraform.lock.hcl | sort); do
        terraform -chdir="$(dirname "$lock")" init -backend=false -lockfile=readonly -no-color
        terraform -chdir="$(dirname "$lock")" validate -no-color
      done
    '';
    terraform-test = check "terraform-test" "The tests of Terraform's modules pass" ''
      export TF_CLI_CONFIG_FILE=${configuration}
      cd tests
      terraform init -backend=false -lockfile=readonly -no-color
      terraform test -no-color
    '';
  };
}
