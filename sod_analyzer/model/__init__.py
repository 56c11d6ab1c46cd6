"""The vocabulary: tables, rules, findings, and the contracts between rooms."""
