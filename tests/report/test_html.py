"""report.html: what it says, what it can never do, and the same bytes every time."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sod_analyzer.model.finding import Report
from sod_analyzer.report import facts
from sod_analyzer.report.drawing import Edge, Lane, Node, drawing
from sod_analyzer.report.html import REPORTER, Page
from sod_analyzer.report.pages import Limits
from tests.report.bank import HOSTILE, clean, rerun
from tests.report.conftest import rendered

ROOT = Path(__file__).resolve().parents[2]
VOID = {"meta", "link", "input", "br", "img", "path", "rect"}


class Elements(HTMLParser):
    """Every element with its attributes, and whether all are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return rendered(REPORTER, report).decode()


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def test_names_from_sources_add_no_element(elements: Elements) -> None:
    tags = {tag for tag, _ in elements.found}

    assert tags.isdisjoint({"img", "iframe", "object", "embed", "base", "foreignobject", "use"})
    assert sum(tag == "script" for tag, _ in elements.found) == 1
    assert sum(tag == "style" for tag, _ in elements.found) == 1


def test_no_attribute_runs_or_fetches_anything(elements: Elements) -> None:
    for tag, attributes in elements.found:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("style", "src", "srcset", "action", "formaction", "xlink:href")
            if name == "href":
                assert (value or "").startswith(("#", "data:,")), (tag, value)


def test_policy_lists_the_hashes_of_the_one_style_and_the_one_script(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    stated = policy[1].replace("&#39;", "'")

    for tag in ("style", "script"):
        inline = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert inline is not None
        digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in stated
    assert "default-src 'none'" in stated
    assert "unsafe" not in stated


def test_every_hostile_name_is_shown_as_text(report: Report, elements: Elements) -> None:
    shown = "".join(elements.texts)

    for what in ("script", "comment", "template", "entity", "formula", "csv", "emoji", "escape"):
        assert HOSTILE[what] in shown, what
    assert "‹U+202E›" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert "[cut here: 40,005 characters, whole in findings.json]" in shown


def test_all_ids_are_unique_and_all_links_lead_somewhere(elements: Elements) -> None:
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    links = {attributes["href"] for tag, attributes in elements.found if tag == "a"}

    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link} <= set(ids)


def test_numbers_are_those_of_the_tables(report: Report, page: str) -> None:
    for figure in facts.figures(report)[:6]:
        if figure.name != "paths":
            assert f"<b>{figure.value:,}</b><span>{figure.title}</span>" in page


def test_every_finding_has_one_row_and_every_folded_one_stands_under_its_own(
    report: Report, page: str
) -> None:
    rows = report["violations"].to_pylist()

    assert len([row for row in rows if row["folded_under"] is None]) == page.count(
        '<tbody class="finding"'
    )
    for row in rows:
        assert f'id="{row["finding_id"]}"' in page


def test_incomplete_report_says_so_first_and_never_claims_to_be_clean(page: str) -> None:
    text = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)

    assert re.search(r"<title>Incomplete", text)
    assert text.index("Incomplete: 4 open gaps") < text.index("37 violations")
    assert "no conflicts" not in text.lower()
    assert "verdict clean" not in text


def test_result_that_claims_nothing_is_replaced_while_a_gap_is_open() -> None:
    text = rendered(REPORTER, clean(gaps=2)).decode()

    assert "no conflicts" not in text.lower()
    assert "This is no clean bill" in text
    assert 'class="verdict incomplete"' in text


def test_complete_report_without_findings_is_clean() -> None:
    text = rendered(REPORTER, clean()).decode()

    assert 'class="verdict clean"' in text
    assert "No conflicts" in text


def test_accepted_gaps_are_not_clean() -> None:
    assert 'class="verdict caution"' in rendered(REPORTER, clean(accepted=1)).decode()


def test_rows_left_out_are_counted_in_words(report: Report) -> None:
    small = Page(Limits(findings=5, people=3, rows=4, places=1, folded=1))

    text = rendered(small, report).decode()

    assert "This page shows 5 of 44; all are in findings.csv and evidence.xlsx." in text
    assert "more of 32 are not on this page" in text
    assert Elements(text).found


def test_page_differs_between_runs_only_in_the_section_that_says_so(report: Report) -> None:
    def without_run(text: str) -> str:
        return re.sub(r'<h3 id="run">.*?</dl>', "", text, flags=re.DOTALL)

    first = rendered(REPORTER, report).decode()
    second = rendered(REPORTER, rerun(report)).decode()

    assert first != second
    assert without_run(first) == without_run(second)


def test_bytes_do_not_depend_on_hash_seed_time_zone_or_folder(tmp_path: Path) -> None:
    program = (
        "import hashlib, io\n"
        "from tests.report.bank import bank\n"
        "from sod_analyzer.report import canonical, flat, html\n"
        "report = bank()\n"
        "for made in (canonical.REPORTER, flat.FINDINGS, flat.PATHS, html.REPORTER):\n"
        "    stream = io.BytesIO()\n"
        "    made.render(report, stream)\n"
        "    print(hashlib.sha256(stream.getvalue()).hexdigest())\n"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed, zone, folder in (("1", "UTC", ROOT), ("77", "Pacific/Auckland", tmp_path))
    }

    assert len(digests) == 1


def test_drawing_holds_every_box_inside_its_frame() -> None:
    subject = Node("identity", "hr:1", "Ann")
    for count in range(1, 15):
        edges = tuple(
            Edge("member", None, Node("role", f"r{n}", f"role {n}")) for n in range(count)
        )

        text = str(drawing(subject, [Lane("One", edges), Lane("Two", (), "not read")]))

        frame = re.search(r'viewBox="0 0 (\d+) (\d+)"', text)
        assert frame is not None
        boxes = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', text)
        assert count + 2 == len(boxes)
        for x, y, width, height in boxes:
            assert int(x) + int(width) <= int(frame[1])
            assert int(y) + int(height) <= int(frame[2])


def bodies(page: str) -> list[str]:
    """Every finding as the page shows it."""
    listed = page[: page.index('<section id="rules"')]
    return listed.split('<tbody class="finding"')[1:]


def body_of(page: str, rule: str, verdict: str = "violation") -> str:
    """The first finding of the rule with that verdict."""
    wanted = (f'data-rule="{rule}"', f'data-verdict="{verdict}"')
    return next(body for body in bodies(page) if all(text in body for text in wanted))


def test_finding_about_a_place_draws_everybody_who_counts(page: str) -> None:
    body = body_of(page, "TEAM-01")

    assert "all its people together" in body
    assert re.findall(r"<h5><bdi>(.*?)</bdi> <small>(.*?)</small>", body) == [
        ("Esra Kowalczyk", "Change source code, Deploy to production"),
        ("Finn Sandoval", "Approve a change"),
    ]
    assert body.count("<svg") == 2
    assert "Only 2 people can do this work" in body


def test_people_who_are_not_drawn_are_named(report: Report) -> None:
    text = rendered(Page(Limits(holders=2)), report).decode()

    body = body_of(text, "REL-01")

    assert body.count("<svg") == 2
    assert "And 9 more" in body
    assert "Gwen Tanaka" in body


def test_finding_about_a_role_starts_at_the_role(page: str) -> None:
    body = body_of(page, "ROLE-01")

    assert '<g class="box role"><title>role: cn=payments-all (ldap-hv:cn=payments-all' in body
    assert "role in ldap-hv" in body
    assert 'class="box identity"' not in body


def test_what_policies_decide_is_drawn_as_the_action_and_told_with_the_hop(
    elements: Elements, page: str
) -> None:
    assert page.count('<text class="name"') > 100
    assert ">RunTask<" in page.replace("ecs:", "")
    told = [text for text in elements.texts if text.startswith("aws-hv: ecs:")]
    assert any(text.endswith(": statement 1, if MFA)") for text in told)
    assert "aws-hv: ecs:RunTask" in told


def test_finding_without_a_path_has_no_drawing(page: str) -> None:
    body = body_of(page, "HYG-01")

    assert "<svg" not in body
    assert "Nobody is known to answer for uid=svc-old" in body


def test_fact_without_a_path_is_not_called_unknown(page: str) -> None:
    body = body_of(page, "HYG-01")

    assert "nobody is known to answer for it" in body
    assert "not known" not in body
    assert "Violation:" not in body


def test_mitigated_and_gated_findings_say_why(page: str) -> None:
    gated, mitigated = body_of(page, "DEV-02", "gated"), body_of(page, "DEV-01", "mitigated")

    assert "Gated: commit in github-hv waits for an independent review" in gated
    assert "Mitigated: CC-DEPLOY-REVIEW stands for it until 2026-12-31" in mitigated
    assert "M-001 in force until 2026-12-31" in mitigated
    assert "Not evaluable:" not in gated + mitigated


def test_lapsed_mitigation_and_the_fix_to_try_stand_with_the_finding(page: str) -> None:
    [body] = [body for body in bodies(page) if "M-002 lapsed" in body]

    assert "<pre><code>sod what-if --remove &#39;github-hv:dev1016 &gt; payments-api-devs" in body
    assert "<pre>" not in body_of(page, "HYG-01")


def test_verdicts_can_be_chosen(page: str) -> None:
    choices = re.search(r'<select data-filter="verdict">(.*?)</select>', page)

    assert choices is not None
    assert re.findall('value="(.*?)"', choices[1]) == [
        "",
        "gated",
        "mitigated",
        "not-evaluable",
        "violation",
    ]


def test_approvals_stand_above_the_numbers(page: str) -> None:
    said = "Ruleset devops changed since approval by Change Advisory Board on 2026-10-01: 3 changes"

    assert page.index("Incomplete: 4 open gaps") < page.index(said) < page.index('id="overview"')
    assert "<code>+ rule TEAM-01 Three people between a change and production</code>" in page


def test_counts_mitigations_and_exclusions_have_their_sections(report: Report, page: str) -> None:
    counts = page[page.index('<section id="counts"') : page.index('<section id="controls"')]
    controls = page[page.index('<section id="controls"') : page.index('<section id="people"')]

    assert report["measures"].num_rows == counts.count("<tr><td")
    assert counts.index("violation") < counts.index("not evaluable") < counts.index("clear")
    for said in ("which nobody approved", "reports to 1004", "the whole rule", "matches nothing"):
        assert said in controls
    assert controls.index("lapsed") < controls.index("in force")


def test_nothing_but_mitigated_findings_is_no_clean_bill(report: Report) -> None:
    told = clean()
    chosen = report["violations"].filter(pc.equal(report["violations"]["verdict"], "mitigated"))
    told = dataclasses.replace(told, tables={**told.tables, "violations": chosen})

    found = facts.headline(told)

    assert (found.tone, found.word) == ("caution", "No violation stands open")
    assert found.result == "No open violation; 1 mitigated, 0 gated"


def test_nothing_but_exclusions_is_no_clean_bill(report: Report) -> None:
    told = clean()
    told = dataclasses.replace(told, tables={**told.tables, "exclusions": report["exclusions"]})
    hidden = sum(report["exclusions"]["hidden"].to_pylist())

    found = facts.headline(told)

    assert hidden > 0
    assert (found.tone, found.word) == ("caution", "No conflicts but for exclusions")
    assert found.result == f"No conflicts; {hidden} left out by exclusions"


def test_drawing_of_nothing_is_nothing() -> None:
    assert str(drawing(Node("identity", "hr:1", "Ann"), [])) == ""


def test_rule_that_could_not_be_judged_is_not_clean() -> None:
    told = clean()
    rules = told["rules"]
    states = pa.array(["not evaluable"] + ["evaluated"] * (rules.num_rows - 1))
    rules = rules.set_column(rules.column_names.index("state"), "state", states)

    text = rendered(
        REPORTER, dataclasses.replace(told, tables={**told.tables, "rules": rules})
    ).decode()

    assert 'class="verdict caution"' in text
    assert "no conflicts" not in text.lower()


def test_expected_count_is_compared_with_all_files_of_a_source(report: Report) -> None:
    sources = report["sources"].slice(0, 2)
    for name, values in (
        ("source_id", ["teams/a.json", "teams/b.json"]),
        ("parsed", [10, 5]),
        ("expected_count", [15, 15]),
    ):
        place = sources.column_names.index(name)
        sources = sources.set_column(place, sources.schema.field(name), pa.array(values))

    found = facts.sources(dataclasses.replace(report, tables={**report.tables, "sources": sources}))

    assert [(row["source_parsed"], row["difference"]) for row in found] == [(15, 0), (15, 0)]
