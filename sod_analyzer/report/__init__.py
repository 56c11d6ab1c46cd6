"""From a `Report` to bytes: findings.json, two CSV files, a workbook and a page.

A reporter shows what the report says. It judges nothing, changes no order, and reads no clock.
What each file holds stands in `docs/report.md`.
"""
