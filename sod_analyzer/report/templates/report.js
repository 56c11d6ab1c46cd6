"use strict";
(() => {
  const table = document.getElementById("findings-table");
  const open = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
  };

  if (table) {
    document.documentElement.classList.add("scripted");
    const rows = [...table.tBodies];
    const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const search = document.getElementById("f-search");
    const selects = [...document.querySelectorAll("select[data-filter]")];
    const form = search.form;
    const shown = document.getElementById("shown");
    let sorting = "";

    const passes = (row, select) => {
      if (!select.value) return true;
      const held = row.dataset[select.dataset.filter];
      return select.dataset.filter === "system"
        ? held.split("; ").includes(select.value)
        : held === select.value;
    };
    const filter = () => {
      const wanted = search.value.trim().toLowerCase();
      let count = 0;
      for (const row of rows) {
        row.hidden = !(
          (!wanted || words.get(row).includes(wanted)) &&
          selects.every((select) => passes(row, select))
        );
        if (!row.hidden) count += 1;
      }
      shown.textContent = `${count} of ${rows.length} findings shown${sorting}`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));

    const collator = new Intl.Collator("en", { numeric: true });
    const sort = (header, key) => {
      const down = header.getAttribute("aria-sort") === "ascending" ||
        (key === "rank" && !header.hasAttribute("aria-sort"));
      for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const turn = down ? -1 : 1;
      const place = new Map(rows.map((row, number) => [row, number]));
      const sorted = [...rows].sort(
        (a, b) => turn * collator.compare(a.dataset[key], b.dataset[key]) ||
          place.get(a) - place.get(b)
      );
      for (const row of sorted) table.append(row);
      sorting = `, sorted by ${header.textContent.trim().toLowerCase()}, ` +
        (down ? "descending" : "ascending");
      filter();
    };
    for (const header of table.tHead.querySelectorAll("th[data-key]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener("click", () => sort(header, header.dataset.key));
    }

    for (const row of rows) {
      row.rows[0].addEventListener("click", (event) => {
        if (event.target.closest("a") || String(getSelection())) return;
        const details = row.querySelector("details");
        details.open = !details.open;
      });
    }
    for (const link of document.querySelectorAll("a[data-filters]")) {
      link.addEventListener("click", () => {
        form.reset();
        const wanted = new URLSearchParams(link.dataset.filters);
        for (const select of selects) select.value = wanted.get(select.dataset.filter) || "";
        filter();
      });
    }
    filter();

    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("tbody:not([hidden]) > .opens details:not([open])")];
      for (const details of opened) details.open = true;
    });
    addEventListener("afterprint", () => {
      for (const details of opened) details.open = false;
    });
  }

  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const row = target.closest("tbody.finding");
    if (row) {
      if (row.hidden) document.getElementById("f-search").form.reset();
      row.hidden = false;
      row.querySelector("details").open = true;
      open(target);
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", follow);
  follow();
})();
