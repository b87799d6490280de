# Versions, backend and provider of an account's own root.
#
# The first apply has no bucket for its state yet: it keeps it in a file, and `terraform init -migrate-state` moves it into the
# bucket that this root made (docs/operations.md has the commands).

terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = {
      Project   = "gridbid"
      ManagedBy = "terraform/bootstrap"
    }
  }
}
