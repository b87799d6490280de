# Versions, backend and provider of the local environment.
#
# The state's path is given at `terraform init -backend-config=path=…`; endpoint, region and keys come from the environment, so
# that what runs on the laptop is what runs in the cloud.

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
