# The bucket of results: what it asks of the private bucket, and the log of who asked it for what.

mock_provider "aws" {
  override_during = plan
  source          = "./mocks"
}

variables {
  bucket_name   = "order-results"
  force_destroy = false
}

run "accesses_are_logged_where_the_environment_says_so" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  variables {
    access_log_days = 90
  }

  assert {
    condition     = length(module.access_log) == 1
    error_message = "The log must have a bucket of its own."
  }
}

run "without_a_number_of_days_there_is_no_log" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  assert {
    condition     = length(module.access_log) == 0
    error_message = "Without a number of days accesses are not logged."
  }
}

run "a_log_of_no_days_is_refused" {
  command = plan

  module {
    source = "../modules/result-archive"
  }

  variables {
    access_log_days = 0
  }

  expect_failures = [var.access_log_days]
}
