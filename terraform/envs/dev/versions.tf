# Versions, backend and provider of the environment dev.
#
# The state lies in the account's bucket, locked by an object beside it; the bucket's name is given at
# `terraform init -backend-config=bucket=…`, because it carries the account (terraform/bootstrap prints it).

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
