"""report.html in a real browser: no error, no request, no sideways scrolling, working controls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from sod_analyzer.model.finding import Report
from sod_analyzer.report.html import REPORTER
from tests.report.conftest import rendered

pytestmark = pytest.mark.browser

CONTRAST = """
() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, .hide, option")) continue;
    const a = light(parse(getComputedStyle(element).color));
    const b = light(behind(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([element.tagName, element.className, ratio.toFixed(2)]);
  }
  return poor;
}
"""


@pytest.fixture(scope="module")
def address(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(rendered(REPORTER, report))
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on the path")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_loads_quietly_fits_and_can_be_read(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    dark = "dark" if scheme == "dark" else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=dark,  # type: ignore[arg-type]
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")

    assert said == []
    assert [address] == [url for url in asked if not url.startswith("data:")]
    assert width == page.evaluate("document.documentElement.scrollWidth")
    assert page.evaluate(CONTRAST) == []
    context.close()


def test_everything_can_be_read_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    assert not page.locator(".filters").is_visible()
    finding = page.locator("tbody.finding").first
    assert not finding.locator("svg").first.is_visible()
    finding.locator("summary").first.click()
    assert finding.locator("svg").first.is_visible()
    assert finding.get_by_text("hr/roster.csv").first.is_visible()
    context.close()


def test_filters_show_what_they_say(page: Page, address: str) -> None:
    page.goto(address)
    rows = page.locator("tbody.finding:visible")
    total = rows.count()

    page.locator("select[data-filter=severity]").select_option("low")
    low = rows.count()
    page.locator("#f-search").fill("no such name")
    none = rows.count()
    said = page.locator("#shown").inner_text()
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.querySelectorAll('tbody.finding[hidden]').length === 0")

    assert 0 < low < total
    assert none == 0
    assert said == f"0 of {total} findings shown"
    assert total == rows.count()


def test_headers_sort_and_say_so(page: Page, address: str) -> None:
    page.goto(address)
    header = page.locator("th[data-key=name]")

    header.get_by_role("button").click()
    up = page.locator("tbody.finding").evaluate_all("rows => rows.map(r => r.dataset.name)")
    header.get_by_role("button").click()

    down = page.locator("tbody.finding").evaluate_all("rows => rows.map(r => r.dataset.name)")
    assert up != down
    assert sorted(up) == sorted(down)
    assert header.get_attribute("aria-sort") == "descending"
    assert "sorted by who, descending" in page.locator("#shown").inner_text()


def test_attention_links_filter_the_findings(page: Page, address: str) -> None:
    page.goto(address)

    page.get_by_role("link", name="critical violations").click()

    shown = page.locator("tbody.finding:visible")
    assert {"critical"} == set(shown.evaluate_all("rows => rows.map(r => r.dataset.severity)"))


def test_deep_link_opens_its_finding_even_when_folded(page: Page, address: str) -> None:
    page.goto(address)
    folded = page.locator(".folded li").first.get_attribute("id")
    alone = page.locator("tbody.finding").nth(9).get_attribute("id")

    for key in (folded, alone):
        page.goto("about:blank")
        page.goto(f"{address}#{key}")

        assert page.locator(f"[id='{key}']").is_visible()
        assert page.evaluate(
            f"document.getElementById('{key}').closest('tbody').querySelector('details').open"
        )


def test_keyboard_reaches_the_report_first_and_opens_a_finding(page: Page, address: str) -> None:
    page.goto(address)

    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    summary = page.locator("tbody.finding summary").first
    summary.focus()
    page.keyboard.press("Enter")

    assert skip == "Skip to the report"
    assert page.locator("tbody.finding details").first.evaluate("d => d.open")
