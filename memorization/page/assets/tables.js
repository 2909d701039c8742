/* Tables: sorting by the numbers behind the cells, hiding of columns, copying of the table's own files. */
(() => {
  const FORMATS = { md: "Markdown", tex: "LaTeX", csv: "CSV" };

  for (const table of document.querySelectorAll(".table")) prepare(table);

  function prepare(table) {
    const body = table.querySelector("tbody");
    const headings = [...table.querySelectorAll("thead th")];
    const rows = [...body.rows];
    const groups = grouped(rows);
    const texts = repeated(rows);
    const text = (cell) => texts.get(cell) ?? cell.textContent;
    const status = page.element("span", { class: "small" });

    headings.forEach((heading, column) => {
      if (rows.some((row) => row.cells[column].classList.contains("number"))) heading.classList.add("number");
      const button = page.element("button", {
        type: "button",
        text: heading.textContent,
        on: { click: () => sort(column) },
      });
      heading.replaceChildren(button);
    });

    /* Largest number first, then smallest, then the table's own order; texts the other way round. */
    function sort(column) {
      const heading = headings[column];
      const [first, second] = heading.classList.contains("number")
        ? ["descending", "ascending"]
        : ["ascending", "descending"];
      const before = heading.getAttribute("aria-sort");
      const next = before === null ? first : before === first ? second : null;
      for (const each of headings) each.removeAttribute("aria-sort");
      if (next) heading.setAttribute("aria-sort", next);
      const factor = next === "descending" ? -1 : 1;
      const ordered = next
        ? [...groups].sort((one, other) => compared(one[0].cells[column], other[0].cells[column], text, factor))
        : groups;
      body.append(...ordered.flat());
      for (const [cell, above] of texts) {
        cell.textContent = next ? above : "";
        cell.classList.toggle("filled", next !== null);
      }
      page.say(next ? `Sorted by ${heading.textContent}, ${next}` : "In the table's own order");
    }

    const columns = page.element("details", { class: "columns" }, page.element("summary", { text: "Columns" }));
    const list = page.element("div");
    headings.forEach((heading, column) => {
      const box = page.element("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        for (const row of [heading.parentElement, ...rows]) row.cells[column].hidden = !box.checked;
      });
      list.append(page.element("label", {}, box, heading.textContent));
    });
    columns.append(list);
    columns.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      columns.open = false;
      columns.querySelector("summary").focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!columns.contains(event.target)) columns.open = false;
    });

    const tools = page.element(
      "div",
      { class: "tools" },
      columns,
      page.element("span", { class: "spacer" }),
      status,
      "Copy as",
    );
    for (const [ending, name] of Object.entries(FORMATS)) {
      tools.append(page.element("button", { type: "button", text: name, on: { click: () => copy(ending, name) } }));
    }
    table.prepend(tools);

    async function copy(ending, name) {
      const bytes = await page.bytes(`${table.dataset.files}-${ending}`);
      const done = await page.copy(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
      status.textContent = done ? `Copied as ${name}.` : "The browser does not allow copying.";
      page.say(status.textContent);
    }
  }

  /* A row of differences belongs to the row above it, wherever that goes. */
  function grouped(rows) {
    const groups = [];
    for (const row of rows) {
      if (row.classList.contains("follows") && groups.length) groups.at(-1).push(row);
      else groups.push([row]);
    }
    return groups;
  }

  /* Cells without a number are last, whichever way numbers are ordered. */
  function compared(one, other, text, factor) {
    const [low, high] = [one.dataset.value, other.dataset.value];
    if (low === undefined && high === undefined) return factor * text(one).localeCompare(text(other), "en");
    if (low === undefined || high === undefined) return low === undefined ? 1 : -1;
    return factor * (number(low) - number(high)) || 0;
  }

  function number(value) {
    return value.endsWith("inf") ? (value.startsWith("-") ? -Number.MAX_VALUE : Number.MAX_VALUE) : Number(value);
  }

  /*
   * The first columns may be written once for several rows (task and dataset of models). They are those left of the
   * first one in which every row has a text; in another order every row shows its own. Returns a mapping from such
   * cells to their texts.
   */
  function repeated(rows) {
    const texts = new Map();
    const width = rows.length ? rows[0].cells.length : 0;
    for (let column = 0; column < width; column += 1) {
      const cells = rows.map((row) => row.cells[column]);
      if (cells.every((cell) => cell.textContent !== "")) return texts;
      let above = "";
      for (const cell of cells) {
        above = cell.textContent || above;
        if (cell.textContent === "") texts.set(cell, above);
      }
    }
    // No column has a text in every row: none of them is written once for several.
    return new Map();
  }
})();
