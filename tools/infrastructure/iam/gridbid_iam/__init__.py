"""Checks the IAM policies of complete plans without an account.

`fit` compares every statement with AWS's service authorization reference. `attempts` evaluates what roles can do, under
their boundary, with MiniStack's IAM evaluator. `cargo xtask test terraform` runs both.
"""
