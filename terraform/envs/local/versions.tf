# Versions, backend and provider of the local environment.
#
# `terraform init -backend-config=path=…` sets the state's path. Endpoint, region and keys come from environment variables, so
# that the configuration is the same as on AWS.

terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "local" {}
}

provider "aws" {}
