"""The Lambda function report-results: the results of a day, and of a slot.

`GET /results/{date}` adds up the day's summaries with core and reports the state of each slot.
`GET /results/{date}/{slot}` reports the state of one slot, and its orders page by page from the frozen answer.
"""

NAME = "report-results"
VERSION = "0.1.0"
