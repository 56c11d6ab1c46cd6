"""The same findings by other means: what a careful person would write with another library.

Every peer reads the files of a world and writes `findings.csv` with the columns rule and
employee_id. It runs as a process of its own: `python -m tests.benchmarks.peers NAME WORLD OUT`.
"""
