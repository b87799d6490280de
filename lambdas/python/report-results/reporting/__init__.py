"""The Lambda function report-results: `GET /results/{date}`, the totals of a day.

It reads the summaries that the runs of the day wrote to the bucket, and adds them up with core.
"""

NAME = "report-results"
VERSION = "0.1.0"
