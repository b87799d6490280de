# The root of the tests: no resources of its own, only the provider that they mock. Run here: `terraform init`, `terraform test`.

terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
