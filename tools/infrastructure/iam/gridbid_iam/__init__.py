"""Checks the IAM policies of complete plans without an account.

`fit` compares every statement with AWS's service authorization reference. `attempts` evaluates what roles can do, under
their boundary, with MiniStack's IAM evaluator. `schemas` compares the deploy role with what AWS's CloudFormation registry
says that the planned resources need. `cargo xtask test terraform` runs all three.
"""
