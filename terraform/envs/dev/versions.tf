# Versions, backend and provider of the environment dev.
#
# The state is in the account's state bucket and locked by an object next to it. The bucket's name contains the account, so it is
# set by `terraform init -backend-config=bucket=…` (an output of terraform/bootstrap).

terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "s3" {
    key          = "dev/terraform.tfstate"
    region       = "eu-west-1"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      Project     = "gridbid"
      Environment = "dev"
      ManagedBy   = "terraform/envs/dev"
    }
  }
}
