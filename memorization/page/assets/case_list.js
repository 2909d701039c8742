/*
 * A list of any number of cases, with as many rows as are seen. The rows stay in place while the list is scrolled, so
 * that there is never an empty place: only what stands in them changes. `fill` writes a case into a row, `choose` is
 * called with the case that a reader goes to, and whether that was a step with the keyboard.
 */
page.caseList = (fill, choose) => {
  const { element } = page;
  // Pixels of a row, as `--row` in the style.
  const ROW = 62;
  const rows = [];
  const holder = element("div", { class: "rows", role: "presentation" });
  const space = element("div", { class: "space", role: "presentation" }, holder);
  const made = element("div", { class: "case-list", role: "listbox", tabindex: "0", "aria-label": "Cases" }, space);
  let shown = new Uint32Array(0);
  let current = -1;

  function addRow() {
    const row = element("div", { class: "row", role: "option" });
    row.addEventListener("click", () => {
      move(Number(row.dataset.rank));
      choose(shown[current], false);
    });
    rows.push(row);
    holder.append(row);
  }

  function draw() {
    const seen = Math.ceil(made.clientHeight / ROW) + 1;
    space.style.height = `${shown.length * ROW}px`;
    while (rows.length < seen) addRow();
    const first = Math.floor(made.scrollTop / ROW);
    holder.style.setProperty("--offset", `${-(made.scrollTop % ROW)}px`);
    for (const [slot, row] of rows.entries()) {
      const rank = first + slot;
      row.hidden = rank >= shown.length;
      if (row.hidden) continue;
      fill(row, shown[rank]);
      row.id = `case-row-${shown[rank]}`;
      row.dataset.rank = rank;
      row.setAttribute("aria-setsize", shown.length);
      row.setAttribute("aria-posinset", rank + 1);
      row.setAttribute("aria-selected", String(rank === current));
    }
    if (current >= first && current < first + rows.length) {
      made.setAttribute("aria-activedescendant", `case-row-${shown[current]}`);
    } else made.removeAttribute("aria-activedescendant");
  }

  /* Make a row the current one, and scroll to it. */
  function move(rank) {
    current = Math.max(0, Math.min(shown.length - 1, rank));
    const top = current * ROW;
    if (top < made.scrollTop) made.scrollTop = top;
    else if (top + ROW > made.scrollTop + made.clientHeight) made.scrollTop = top + ROW - made.clientHeight;
    draw();
  }

  /* Go some rows on. */
  function step(by) {
    if (!shown.length) return;
    move(current < 0 ? 0 : current + by);
    choose(shown[current], true);
  }

  /* Show these cases; one of them, if it is there, is the current one. */
  function show(numbers, number) {
    shown = numbers;
    current = shown.indexOf(number);
    if (current < 0) made.scrollTop = 0;
    draw();
  }

  /* Make a case the current one, if it is there. */
  function goTo(number) {
    const rank = shown.indexOf(number);
    if (rank >= 0) move(rank);
    else {
      current = -1;
      draw();
    }
  }

  made.addEventListener("scroll", draw);
  made.addEventListener("keydown", (event) => {
    const seen = Math.max(1, Math.floor(made.clientHeight / ROW) - 1);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: seen,
      PageUp: -seen,
      Home: -shown.length,
      End: shown.length,
    };
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(steps[event.key]);
  });
  new ResizeObserver(draw).observe(made);

  return { element: made, draw, show, goTo, step, first: () => (shown.length ? shown[0] : -1) };
};
