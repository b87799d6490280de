# The root of the tests: only the provider, which they mock. Run `terraform init` and `terraform test` here.

terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
