"""GET /results/{date}: what was accepted and refused on a day.

The day's summaries, which the runs file, are read from the bucket and added up by core through the Python package.
Called by API Gateway's HTTP API (payload format 2.0), which routes, authorises and limits.
"""

NAME = "report-results"
VERSION = "0.1.0"
