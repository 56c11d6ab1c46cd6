"""Analyses whose memberships stay in a data lake: Spark reads them, many machines look at them.

A million people hold some ten million memberships, and the rest of the graph is small beside
those. So whoever runs the analysis keeps everything but memberships: people and their logins,
groups in groups, what groups may do. It works out what every group is good for, sends that to the
workers, and they send back what each login comes to through its memberships, as bit masks. The
judging happens here, by the code that judges everything. Then the memberships of those whom some
rule finds are fetched, so that each path ends at its source row as it always does.

`rows` is what a worker does and knows no Spark; `lake` asks for it; `analysis` puts both together;
`session` starts Spark, which nothing here loads before.
"""

from __future__ import annotations

from sod_analyzer.spark.analysis import FarMemberships, far_memberships

__all__ = ["FarMemberships", "far_memberships"]
