"""The handler of the Lambda function report-results."""

import os

from reporting.function import start

handler = start(os.environ)
