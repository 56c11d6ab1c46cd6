"""report.html: one page with everything a reader needs, and nothing that is fetched or run.

The page works without its script, which only filters, sorts and opens. A strict content security
policy lists the hashes of the one style sheet and the one script, so nothing else can run, were a
name from a source ever to break out of its text.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from importlib import resources
from typing import BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sod_analyzer.model.finding import Report
from sod_analyzer.report import facts, pages, registers, words
from sod_analyzer.report.example import example
from sod_analyzer.report.text import page_text, visible


@dataclass(frozen=True, slots=True)
class Page:
    """The reporter of `report.html`; the limits are how many rows of each table it shows."""

    limits: pages.Limits = field(default_factory=pages.Limits)
    name: str = "html"
    filename: str = "report.html"

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the page.

        Cost: about 10 kB a finding shown; what is left out is counted on the page.
        """
        folder = resources.files("sod_analyzer.report") / "templates"
        style = (folder / "report.css").read_text(encoding="utf-8")
        script = (folder / "report.js").read_text(encoding="utf-8")
        page = _environment().get_template("report.html.j2")
        text = page.render(
            report=report,
            headline=facts.headline(report),
            figures=facts.figures(report),
            matrix=facts.matrix(report),
            columns=facts.COLUMNS,
            attention=pages.attention(report),
            findings=pages.findings(report, self.limits),
            people=pages.people(report, self.limits),
            rules=facts.rows(report["rules"]),
            measures=pages.some(registers.measures(report), self.limits.rows),
            approvals=registers.approvals(report),
            controls=registers.controls(report),
            mitigations=pages.some(registers.mitigations(report), self.limits.rows),
            exclusions=pages.some(registers.exclusions(report), self.limits.rows),
            patterns=pages.some(report["patterns"], self.limits.rows),
            sources=facts.sources(report),
            systems=facts.systems(report),
            gaps=facts.gaps(report),
            exceptions=pages.some(report["exceptions"], self.limits.rows),
            dormant=pages.some(report["dormant"], self.limits.rows),
            unmapped=pages.some(report["unmapped"], self.limits.rows),
            reconciliation=facts.rows(report["reconciliation"]),
            parameters=facts.rows(report["parameters"]),
            example=example(report),
            words=words,
            style=Markup(style),  # noqa: S704 - our own file, hashed below
            script=Markup(script),  # noqa: S704 - our own file, hashed below
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
        stream.write(text.encode(errors="replace"))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sod_analyzer.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = _whole
    environment.filters["split"] = facts.split
    environment.filters["count"] = _count
    return environment


def _finalize(value: object) -> object:
    """What a template prints: null as nothing, a text visible and not too long."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return page_text(value)
    return value


def _whole(text: str) -> Markup:
    """A text that is meant to be read to its end."""
    return escape(visible(text))


def _count(number: int | None) -> str:
    return "not stated" if number is None else f"{number:,}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


REPORTER = Page()
