# The results bucket: its settings of the private bucket, and the access log.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  bucket_name   = "order-results"
  force_destroy = false
}

run "access_log_has_its_own_bucket" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  variables {
    access_log_days = 90
  }

  assert {
    condition     = length(module.access_log) == 1
    error_message = "The access log must have its own bucket."
  }
}

run "access_log_is_off_by_default" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  assert {
    condition     = length(module.access_log) == 0
    error_message = "Without access_log_days, accesses must not be logged."
  }
}

run "access_log_of_zero_days_is_refused" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  variables {
    access_log_days = 0
  }

  expect_failures = [var.access_log_days]
}
