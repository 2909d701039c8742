/* The case browser: a list of all cases with filters, search and sorting, beside the one that is open. */
(() => {
  const place = document.getElementById("case-browser");
  if (!place) return;
  const { element } = page;
  const SCOPES = { all: "all texts", generation: "generations", prefix: "prefixes", training: "training texts" };
  const KEYS = [
    ["j, k or ↓, ↑", "next, previous case"],
    ["Home, End, Page Up, Page Down", "through the list"],
    ["Enter", "into the open case"],
    ["/", "search"],
    ["r", "show or mask personal data"],
    ["Esc", "back to the list"],
  ];

  page.readCases().then(start, (error) => {
    place.replaceChildren(element("p", { text: `The cases cannot be read: ${error.message}` }));
    throw error;
  });

  function start(cases) {
    const { list, count, meta } = cases;
    // Numbers of the case that is open, and of the one that is kept beside it; -1 for none.
    let open = -1;
    let beside = -1;
    let everything = meta.mode === "revealed";
    const revealed = new Set();
    let query = "";
    let scope = "all";
    let found = null;
    let sort = "severity";
    let reversed = false;

    /* ---- Which cases, in which order ---- */

    const natural = (number) => list.run[number] * 2 ** 31 + list.probe[number];
    const SORTS = {
      severity: ["matches first", (number) => list.outcome[number] * 2 ** 31 - list.length[number]],
      length: ["length of the match", (number) => -list.length[number]],
      score: ["BM25 score", (number) => -list.score[number]],
      probability: ["probability of a paraphrase", (number) => -list.probability[number]],
      leaked: ["entities leaked", (number) => -list.leaked[number]],
      run: ["run and probe", natural],
    };
    const orders = new Map();

    /* The numbers of all cases in the chosen order, which is made once. */
    function ordered() {
      const name = `${sort} ${reversed}`;
      if (!orders.has(name)) {
        const keys = Float64Array.from({ length: count }, (_, number) => SORTS[sort][1](number));
        const ties = Float64Array.from({ length: count }, (_, number) => natural(number));
        const order = Uint32Array.from({ length: count }, (_, number) => number);
        order.sort((a, b) => keys[a] - keys[b] || ties[a] - ties[b]);
        orders.set(name, reversed ? order.reverse() : order);
      }
      return orders.get(name);
    }

    function isFound(number) {
      if (!found) return true;
      const input = list.input[number];
      const training = list.training[number] < 0 ? input : list.training[number];
      const rows = {
        generation: list.generation[number],
        prefix: cases.inputs.prefix[input],
        training: cases.inputs.suffix[training],
      };
      return scope === "all" ? Object.values(rows).some((row) => found[row] === 1) : found[rows[scope]] === 1;
    }

    function refresh() {
      const shown = facets.passing(ordered(), isFound);
      const matches = shown.reduce((sum, number) => sum + (list.training[number] >= 0 ? 1 : 0), 0);
      const all = shown.length === count ? "" : ` of ${count.toLocaleString("en")}`;
      const [cases_, matched] = [shown.length, matches].map((each) => each.toLocaleString("en"));
      counted.textContent = `${cases_}${all} cases, ${matched} with a match`;
      clear.hidden = !query && !facets.any();
      rows.show(shown, open);
    }

    /* ---- The list ---- */

    function fill(row, number) {
      if (!row.firstChild) {
        const parts = ["outcome", "run", "snippet"].map((name) => element("span", { class: name }));
        row.append(...parts);
        for (const part of parts.slice(1)) part.dir = "auto";
      }
      const [outcome, run, snippet] = row.children;
      outcome.className = `outcome ${cases.outcomeOf(number)}`;
      outcome.textContent = cases.outcomeName(number);
      run.textContent = page.texts.line(cases.runName(list.run[number], true));
      const text = page.columns.textOf(list.snippet, number);
      const masks = page.texts.masksOf(page.columns.textOf(list.snippet_masks, number));
      const shown = view.revealed(number) ? text : page.texts.masked(text, masks, cases.types);
      snippet.textContent = page.texts.line(shown).trim() || "nothing was written";
    }

    const rows = page.caseList(fill, (number, byStep) =>
      go(number, beside, byStep).then(() => {
        // Where the list is not beside the case but above it.
        const above = panes.offsetTop > rows.element.offsetTop + rows.element.offsetHeight / 2;
        if (above && !byStep) panes.scrollIntoView({ block: "start" });
      }),
    );
    const facets = page.caseFacets(cases, refresh);

    /* ---- The open case ---- */

    const view = {
      open: () => open,
      beside: () => beside,
      wanted: (kind) => (scope === "all" || scope === kind ? query : ""),
      // Never where the page has no personal data: what stands there is its type.
      revealed: (number) => everything || revealed.has(number),
      canReveal: () => meta.mode === "masked" && !everything,
      reveal(number) {
        if (!view.canReveal()) return;
        if (!revealed.delete(number)) revealed.add(number);
        page.say(`Personal data of this case is ${revealed.has(number) ? "shown" : "masked"}.`);
        rows.draw();
        reopen();
      },
      compare: (other) => go(open, other),
      keep(is) {
        beside = is ? open : -1;
        page.say(is ? "Kept: the next case is shown beside it." : "No longer kept.");
        reopen();
      },
      linkTo: (number) => linkTo(number, -1),
      toList() {
        rows.element.scrollIntoView({ block: "center" });
        rows.element.focus({ preventScroll: true });
      },
    };
    const build = page.caseView(cases, view);
    let asked = 0;

    function linkTo(number, other) {
      const besides = other < 0 || other === number ? "" : `&beside=${cases.nameOf(other)}`;
      return `#case=${cases.nameOf(number)}${besides}`;
    }

    /* Open a case, with another one beside it; a visit of its own in the browser's history unless `replace`. */
    async function go(number, other, replace = false) {
      const link = linkTo(number, other);
      if (location.hash !== link) history[replace ? "replaceState" : "pushState"](null, "", link);
      [open, beside] = [number, other];
      await reopen();
    }

    /* Make the elements of what is open anew; what had the keyboard has it again. */
    async function reopen() {
      if (open < 0) return;
      asked += 1;
      const number = asked;
      const made = await Promise.all(
        (beside < 0 || beside === open ? [open] : [beside, open]).map((each) => build(each)),
      );
      // Another case was asked for meanwhile.
      if (number !== asked) return;
      const before = [...panes.querySelectorAll(".case")].map((each) => each.dataset.case);
      const same = before.length === made.length && made.every((each, slot) => each.dataset.case === before[slot]);
      const tops = [...panes.querySelectorAll(".text")].map((each) => each.scrollTop);
      const stops = () => [...panes.querySelectorAll("button, select, summary, [tabindex]")];
      const focused = stops().indexOf(document.activeElement);
      panes.classList.toggle("two", made.length > 1);
      panes.replaceChildren(...made);
      const stop = same ? stops()[focused] : panes.querySelector(".case:last-child h3");
      if (focused >= 0) stop?.focus({ preventScroll: true });
      for (const [slot, each] of panes.querySelectorAll(".text").entries()) {
        const passage = each.querySelector(".aligned");
        if (same) each.scrollTop = tops[slot] ?? 0;
        else if (passage) each.scrollTop = Math.max(0, passage.offsetTop - each.clientHeight / 3);
      }
    }

    /* Open what the address names; false where it names no case. */
    function followAddress() {
      const parts = location.hash.slice(1).split("&");
      const named = Object.fromEntries(parts.map((part) => part.split(/=(.*)/s)));
      if (!("case" in named)) return false;
      open = cases.numberOf(named.case);
      beside = "beside" in named ? cases.numberOf(named.beside) : -1;
      if (open < 0) {
        const text = "This page has no such case. It may be of other results, or left out of this page's sample.";
        panes.replaceChildren(element("p", { class: "nothing", role: "alert", text }));
      } else reopen();
      rows.goTo(open);
      document.getElementById("cases").scrollIntoView({ behavior: "instant" });
      return true;
    }

    addEventListener("popstate", followAddress);

    /* ---- Search ---- */

    let finder = null;

    function beginSearch() {
      if (finder) return;
      const names = meta.texts.slice(1).map((_, number) => `cases-texts-${number}`);
      const read = (share) => {
        search.placeholder = share < 1 ? `Reading texts: ${Math.round(share * 100)}%` : "Search in texts";
        if (share === 1) place.dataset.searchable = "true";
      };
      finder = page.beginSearch(names, meta.texts, read, (rowsFound) => {
        found = rowsFound;
        refresh();
        reopen();
      });
    }

    function seek() {
      beginSearch();
      query = search.value;
      if (query) finder.find(query);
      else {
        finder.forget();
        found = null;
        refresh();
        reopen();
      }
    }

    /* ---- What a reader chooses with ---- */

    function select(label, options, choose) {
      const made = element("select", {}, ...options.map(([value, text]) => element("option", { value, text })));
      made.addEventListener("change", () => choose(made.value));
      return element("label", {}, `${label} `, made);
    }

    const search = element("input", {
      type: "search",
      placeholder: "Search in texts",
      "aria-label": "Search in texts",
      autocomplete: "off",
      spellcheck: "false",
      on: { input: seek },
    });
    const scopes = select("in", Object.entries(SCOPES), (value) => {
      scope = value;
      refresh();
      reopen();
    });
    const sorts = select(
      "sorted by",
      Object.entries(SORTS).map(([name, [title]]) => [name, title]),
      (value) => {
        sort = value;
        refresh();
      },
    );
    const turn = element("button", { type: "button", "aria-pressed": "false", text: "Reverse" });
    turn.addEventListener("click", () => {
      reversed = !reversed;
      turn.setAttribute("aria-pressed", String(reversed));
      refresh();
    });
    const clear = element("button", { type: "button", text: "Clear filters", hidden: true });
    clear.addEventListener("click", () => {
      facets.clear();
      search.value = "";
      seek();
    });
    const reveal = element("button", { type: "button", class: "reveal", "aria-pressed": "false" });
    reveal.textContent = "Show all personal data";
    reveal.hidden = meta.mode !== "masked";
    reveal.addEventListener("click", () => {
      everything = !everything;
      revealed.clear();
      reveal.setAttribute("aria-pressed", String(everything));
      reveal.textContent = `${everything ? "Mask" : "Show"} all personal data`;
      page.say(`Personal data is ${everything ? "shown" : "masked"}.`);
      rows.draw();
      reopen();
    });
    const help = KEYS.map(([key, text]) =>
      element("div", {}, element("dt", {}, element("kbd", { text: key })), element("dd", { text })),
    );
    const keys = element(
      "details",
      { class: "keys" },
      element("summary", { text: "Keyboard" }),
      element("dl", {}, ...help),
    );
    const counted = element("p", { class: "counted", role: "status" });
    const panes = element("div", { class: "opened" });
    place.replaceChildren(
      element(
        "div",
        { class: "tools" },
        element("div", { class: "seek" }, search, scopes),
        sorts,
        turn,
        element("span", { class: "spacer" }),
        reveal,
        keys,
      ),
      facets.element,
      element("div", { class: "line" }, counted, clear),
      element("div", { class: "browser" }, rows.element, panes),
    );
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest?.("#case-browser details.keys")) keys.open = false;
    });

    /* ---- Keyboard ---- */

    const ACTIONS = {
      "/": () => {
        search.focus();
        search.select();
      },
      j: () => rows.step(1),
      k: () => rows.step(-1),
      r: () => open >= 0 && view.reveal(open),
      Escape: (target) => {
        const menu = target.closest("details.facet, details.keys");
        if (menu?.open) {
          menu.open = false;
          menu.firstChild.focus();
        } else if (target === search && search.value) {
          search.value = "";
          seek();
        } else rows.element.focus();
      },
    };

    place.addEventListener("keydown", (event) => {
      const { key, target } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target === search && key === "ArrowDown") rows.element.focus();
      else if (target === rows.element && key === "Enter") panes.querySelector(".case:last-child h3")?.focus();
      else if (key in ACTIONS && (key === "Escape" || !target.closest("input[type=search], select")))
        ACTIONS[key](target);
      else return;
      event.preventDefault();
    });

    /* ---- Begin ---- */

    refresh();
    if (!followAddress() && rows.first() >= 0) {
      open = rows.first();
      rows.goTo(open);
      reopen();
    }
    page.parsed.then(() => (globalThis.requestIdleCallback ?? setTimeout)(beginSearch));
    place.dataset.ready = "true";
  }
})();
