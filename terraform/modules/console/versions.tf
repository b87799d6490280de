# The Terraform and provider versions this module is written for; the exact provider is pinned by the lock file of each environment.

terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
