/* The case browser: a list of all cases with filters, search and sorting, beside the one that is open. */
(() => {
  const place = document.getElementById("case-browser");
  if (!place) return;
  const { element } = page;
  const ROW = 62;
  const POPULATIONS = { member: "training inputs", control: "test inputs (control)" };
  const OWN = ["no match", "own suffix", "another suffix"];
  const SCOPES = { all: "all texts", generation: "generations", prefix: "prefixes", training: "training texts" };
  const KEYS = [
    ["j, k or ↓, ↑", "next, previous case"], ["Home, End, Page Up, Page Down", "through the list"], ["Enter", "into the open case"],
    ["/", "search"], ["r", "show or mask personal data"], ["Esc", "back to the list"],
  ];

  page.readCases().then(start, (error) => {
    place.replaceChildren(element("p", { text: `The cases cannot be read: ${error.message}` }));
    throw error;
  });

  function start(cases) {
    const { list, runs, count, meta } = cases;
    let open = -1;
    let beside = -1;
    let everything = meta.mode === "revealed";
    const revealedCases = new Set();
    let candidatesOpen = false;
    let found = null;
    let query = "";
    let scope = "all";
    let shown = new Uint32Array(0);
    let cursor = -1;

    /* ---- What cases are filtered by ---- */

    const facets = [
      ofRuns("study", "Study", (run) => run.studies),
      ofRuns("task", "Task", (run) => [run.task]),
      ofRuns("dataset", "Dataset", (run) => [run.dataset_title]),
      ofRuns("model", "Model", (run) => [run.model_title]),
      ofRuns("state", "State", (run) => [run.state]),
      ofRuns("epoch", "Epoch", (run) => [`${run.epoch}`]),
      ofRuns("seed", "Seed", (run) => [`${run.seed}`]),
      ofRuns("decoding", "Decoding", (run) => [run.decoding]),
      ofRuns("prefix_tokens", "Prefix", (run) => [`${run.prefix_tokens} tokens`]),
      ofRuns("profile", "Aligner", (run) => [run.profile]),
      ofRuns("population", "Inputs", (run) => [POPULATIONS[run.population]]),
      ofCases("outcome", "Category", cases.outcomes.map((name) => cases.outcomeNames[name]), (number) => 1 << list.outcome[number]),
      ofCases("own", "Suffix", OWN, (number) => 1 << list.own[number]),
      ofCases("type", "Entity type", cases.types.slice(0, 31), (number) => list.types[number]),
      ofCases("leaked", "Leaked", ["entities leaked", "none leaked"], (number) => (list.leaked[number] ? 1 : 2)),
    ].filter((facet) => facet.values.length > 1 && facet.occurs() && !["epoch", "seed"].some((key) => key === facet.key && !cases.varies.has(key)));

    /* A facet whose values a run has, one or several. */
    function ofRuns(key, title, valuesOf) {
      const values = [...new Set(runs.flatMap(valuesOf))];
      const numbers = runs.map((run) => valuesOf(run).map((value) => values.indexOf(value)));
      const chosen = new Set();
      const passing = new Uint8Array(runs.length);
      return {
        key, title, values, chosen, counts: new Int32Array(values.length),
        occurs: () => true,
        prepare() {
          for (const run of runs.keys()) passing[run] = !chosen.size || numbers[run].some((value) => chosen.has(value)) ? 1 : 0;
        },
        passes: (number) => passing[list.run[number]] === 1,
        count(number) {
          for (const value of numbers[list.run[number]]) this.counts[value] += 1;
        },
      };
    }

    /* A facet of which a case has a set of values, a bit each. */
    function ofCases(key, title, values, bitsOf) {
      const chosen = new Set();
      let wanted = 0;
      return {
        key, title, values, chosen, counts: new Int32Array(values.length),
        occurs() {
          for (let number = 0, first = null; number < count; number += 1) {
            first ??= bitsOf(number);
            if (bitsOf(number) !== first) return true;
          }
          return false;
        },
        prepare() {
          wanted = [...chosen].reduce((bits, value) => bits | (1 << value), 0);
        },
        passes: (number) => wanted === 0 || (bitsOf(number) & wanted) !== 0,
        count(number) {
          for (let bits = bitsOf(number); bits; bits &= bits - 1) this.counts[31 - Math.clz32(bits & -bits)] += 1;
        },
      };
    }

    function inSearch(number) {
      if (!found) return true;
      const input = list.input[number];
      const training = list.training[number] < 0 ? input : list.training[number];
      return (
        ((scope === "all" || scope === "generation") && found[list.generation[number]] === 1) ||
        ((scope === "all" || scope === "prefix") && found[cases.inputs.prefix[input]] === 1) ||
        ((scope === "all" || scope === "training") && found[cases.inputs.suffix[training]] === 1)
      );
    }

    /* ---- What cases are sorted by ---- */

    const natural = (number) => list.run[number] * 2 ** 31 + list.probe[number];
    const severity = (number) => list.outcome[number] * 2 ** 31 - list.length[number];
    const SORTS = {
      severity: ["matches first", severity],
      length: ["length of the match", (number) => -list.length[number]],
      score: ["BM25 score", (number) => -list.score[number]],
      probability: ["probability of a paraphrase", (number) => -list.probability[number]],
      leaked: ["entities leaked", (number) => -list.leaked[number]],
      run: ["run and probe", natural],
    };
    const orders = new Map();
    let sort = "severity";
    let reversed = false;

    function orderBy(name) {
      if (!orders.has(name)) {
        const keys = Float64Array.from({ length: count }, (_, number) => SORTS[name][1](number));
        const ties = Float64Array.from({ length: count }, (_, number) => natural(number));
        const order = Uint32Array.from({ length: count }, (_, number) => number);
        orders.set(name, order.sort((a, b) => keys[a] - keys[b] || ties[a] - ties[b]));
      }
      return orders.get(name);
    }

    /* Filter, search, sort: what the list shows, and how many cases each choice has. */
    function refresh() {
      for (const facet of facets) {
        facet.prepare();
        facet.counts.fill(0);
      }
      const order = orderBy(sort);
      const kept = new Uint32Array(count);
      let length = 0;
      for (let rank = 0; rank < count; rank += 1) {
        const number = order[reversed ? count - 1 - rank : rank];
        if (!inSearch(number)) continue;
        let failed = null;
        let fails = 0;
        for (const facet of facets) {
          if (!facet.passes(number)) {
            failed = facet;
            fails += 1;
            if (fails > 1) break;
          }
        }
        if (fails === 0) {
          kept[length] = number;
          length += 1;
          for (const facet of facets) facet.count(number);
        } else if (fails === 1) failed.count(number);
      }
      shown = kept.subarray(0, length);
      cursor = open < 0 ? -1 : shown.indexOf(open);
      showCounts();
      if (cursor < 0) scroller.scrollTop = 0;
      draw();
    }

    /* ---- Elements ---- */

    const search = element("input", { type: "search", placeholder: "Search in texts", "aria-label": "Search in texts", autocomplete: "off", spellcheck: "false", on: { input: seek } });
    const scopes = select("in", SCOPES, scope, (value) => { scope = value; refresh(); if (query) reopen(); });
    const sorts = select("sorted by", Object.fromEntries(Object.entries(SORTS).map(([key, [title]]) => [key, title])), sort, (value) => { sort = value; refresh(); });
    const turn = element("button", { type: "button", "aria-pressed": "false", title: "In the opposite order", text: "Reverse", on: { click: () => {
      reversed = !reversed;
      turn.setAttribute("aria-pressed", String(reversed));
      refresh();
    } } });
    const clear = element("button", { type: "button", text: "Clear filters", hidden: true, on: { click: () => {
      for (const facet of facets) facet.chosen.clear();
      for (const box of filters.querySelectorAll("input")) box.checked = false;
      search.value = "";
      seek();
      refresh();
    } } });
    const revealAll = meta.mode === "masked" && element("button", { type: "button", class: "reveal", "aria-pressed": "false", text: "Show all personal data", on: { click: () => {
      everything = !everything;
      revealedCases.clear();
      revealAll.setAttribute("aria-pressed", String(everything));
      revealAll.textContent = everything ? "Mask all personal data" : "Show all personal data";
      page.say(everything ? "Personal data is shown." : "Personal data is masked.");
      draw();
      reopen();
    } } });
    const counted = element("p", { class: "counted", role: "status" });
    const filters = element("div", { class: "facets", role: "group", "aria-label": "Filters" }, ...facets.map(facetElement));
    const holder = element("div", { class: "rows", role: "presentation" });
    const space = element("div", { class: "space", role: "presentation" }, holder);
    const scroller = element("div", { class: "case-list", role: "listbox", tabindex: "0", "aria-label": "Cases", on: { scroll: draw, keydown: onListKey } }, space);
    const panes = element("div", { class: "opened", "aria-live": "off" });
    const keys = element("details", { class: "keys" }, element("summary", { text: "Keyboard" }), element("dl", {}, ...KEYS.map(([key, text]) =>
      element("div", {}, element("dt", {}, element("kbd", { text: key })), element("dd", { text })))));
    const tools = element("div", { class: "tools" },
      element("div", { class: "seek" }, search, scopes), sorts, turn, element("span", { class: "spacer" }), ...(revealAll ? [revealAll] : []), keys);
    place.replaceChildren(tools, filters, element("div", { class: "line" }, counted, clear), element("div", { class: "browser" }, scroller, panes));
    place.addEventListener("keydown", onKey);

    function select(label, options, chosen, choose) {
      const made = element("select", { on: { change: (event) => choose(event.target.value) } },
        ...Object.entries(options).map(([value, text]) => element("option", { value, text, selected: value === chosen })));
      return element("label", {}, `${label} `, made);
    }

    function facetElement(facet) {
      const summary = element("summary", {});
      const boxes = facet.values.map((value, number) => {
        const box = element("input", { type: "checkbox", on: { change: () => {
          if (box.checked) facet.chosen.add(number);
          else facet.chosen.delete(number);
          refresh();
        } } });
        const name = page.texts.append(element("span", { dir: "auto" }), value);
        return element("label", {}, box, name, element("small", {}));
      });
      const made = element("details", { class: "facet", on: { toggle: () => made.open && closeOthers(made) } }, summary, element("div", { role: "group", "aria-label": facet.title }, ...boxes));
      facet.show = () => {
        const names = [...facet.chosen].map((number) => facet.values[number]);
        const chosen = names.length > 2 ? `${names.length} chosen` : names.join(", ");
        summary.replaceChildren(facet.title, ...(chosen ? [element("b", { dir: "auto", text: page.texts.line(chosen) })] : []));
        made.classList.toggle("active", names.length > 0);
        for (const [number, label] of boxes.entries()) {
          label.lastChild.textContent = facet.counts[number].toLocaleString("en");
          label.classList.toggle("empty", !facet.counts[number]);
        }
      };
      return made;
    }

    function closeOthers(made) {
      for (const each of filters.querySelectorAll("details[open]")) if (each !== made) each.open = false;
    }

    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest?.("#case-browser details.facet")) closeOthers(null);
      if (!event.target.closest?.("#case-browser details.keys")) keys.open = false;
    });

    function showCounts() {
      let matches = 0;
      for (const number of shown) if (list.training[number] >= 0) matches += 1;
      const all = shown.length === count ? "" : ` of ${count.toLocaleString("en")}`;
      counted.textContent = `${shown.length.toLocaleString("en")}${all} cases, ${matches.toLocaleString("en")} with a match`;
      clear.hidden = !found && !query && facets.every((facet) => !facet.chosen.size);
      for (const facet of facets) facet.show();
    }

    /* ---- The list: as many rows as are seen, whatever it is scrolled to ---- */

    const rows = [];

    function rowElement() {
      const outcome = element("span", { class: "outcome" });
      const run = element("span", { class: "run", dir: "auto" });
      const snippet = element("span", { class: "snippet", dir: "auto" });
      const row = element("div", { class: "row", role: "option" }, outcome, run, snippet);
      row.addEventListener("click", () => {
        move(Number(row.dataset.rank));
        go(shown[cursor]).then(() => {
          // Where the list is not beside the case but above it.
          if (panes.offsetTop > scroller.offsetTop + scroller.offsetHeight / 2) panes.scrollIntoView({ block: "start" });
        });
      });
      return { row, outcome, run, snippet, number: -1 };
    }

    function draw() {
      const seen = Math.ceil(scroller.clientHeight / ROW) + 1;
      space.style.height = `${shown.length * ROW}px`;
      while (rows.length < seen) {
        const made = rowElement();
        rows.push(made);
        holder.append(made.row);
      }
      const first = Math.floor(scroller.scrollTop / ROW);
      holder.style.setProperty("--offset", `${-(scroller.scrollTop % ROW)}px`);
      for (const [slot, made] of rows.entries()) {
        const rank = first + slot;
        const number = rank < shown.length && slot < seen ? shown[rank] : -1;
        made.row.hidden = number < 0;
        if (number < 0) continue;
        const outcome = cases.outcomeOf(number);
        made.outcome.className = `outcome ${outcome}`;
        made.outcome.textContent = cases.outcomeNames[outcome];
        made.run.textContent = page.texts.line(cases.runName(list.run[number]));
        const text = page.columns.textOf(list.snippet, number);
        const masks = page.texts.masksOf(page.columns.textOf(list.snippet_masks, number));
        const hidden = meta.mode === "masked" && !isRevealed(number) ? page.texts.masked(text, masks, cases.types) : text;
        made.snippet.textContent = page.texts.line(hidden).trim() || "nothing was written";
        made.row.id = `case-row-${number}`;
        made.row.dataset.rank = rank;
        made.row.setAttribute("aria-setsize", shown.length);
        made.row.setAttribute("aria-posinset", rank + 1);
        made.row.setAttribute("aria-selected", String(rank === cursor));
      }
      if (cursor >= first && cursor < first + seen) scroller.setAttribute("aria-activedescendant", `case-row-${shown[cursor]}`);
      else scroller.removeAttribute("aria-activedescendant");
    }

    /* Make a row of the list the current one, and scroll to it. */
    function move(rank) {
      cursor = Math.max(0, Math.min(shown.length - 1, rank));
      const top = cursor * ROW;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + ROW - scroller.clientHeight;
      draw();
    }

    /* ---- The open case ---- */

    const view = {
      wanted: (kind) => (scope === "all" || scope === kind ? query : ""),
      revealed: isRevealed,
      candidatesOpen: () => candidatesOpen,
      openCandidates: (value) => { candidatesOpen = value; },
      tools: caseTools,
    };
    const build = page.caseView(cases, view);
    let asked = 0;

    function isRevealed(number) {
      return everything || revealedCases.has(number);
    }

    function reveal(number) {
      if (meta.mode !== "masked") return;
      if (everything) return;
      if (!revealedCases.delete(number)) revealedCases.add(number);
      page.say(revealedCases.has(number) ? "Personal data of this case is shown." : "Personal data of this case is masked.");
      draw();
      reopen();
    }

    function caseTools(number, hidden) {
      const back = element("button", { type: "button", class: "to-list", text: "To the list", on: { click: () => {
        scroller.scrollIntoView({ block: "center" });
        scroller.focus({ preventScroll: true });
      } } });
      const made = element("div", { class: "case-tools" }, back);
      if (meta.mode === "masked" && hidden && !everything) {
        const is = revealedCases.has(number);
        made.append(element("button", { type: "button", class: "reveal", "aria-pressed": String(is), text: is ? "Mask personal data" : `Show personal data (${hidden})`, on: { click: () => reveal(number) } }));
      }
      const others = cases.others(number);
      if (number === open && others.length) {
        const options = [element("option", { value: "-1", text: "Compare with …" }), ...others.map((other) =>
          element("option", { value: other, selected: other === beside, text: page.texts.line(`${cases.runName(list.run[other])}: ${cases.outcomeNames[cases.outcomeOf(other)]}`) }))];
        made.append(element("select", { "aria-label": "Compare with the same input in another run", on: { change: (event) => go(open, Number(event.target.value)) } }, ...options));
      }
      if (number === beside && number !== open) {
        made.append(element("button", { type: "button", text: "Close", on: { click: () => go(open, -1) } }));
      } else {
        const pinned = beside === open && open >= 0;
        made.append(element("button", { type: "button", "aria-pressed": String(pinned), title: "Show the next case that you open beside this one", text: "Keep beside", on: { click: () => {
          beside = pinned ? -1 : number;
          page.say(pinned ? "No longer kept." : "Kept: the next case is shown beside it.");
          reopen();
        } } }));
      }
      made.append(element("button", { type: "button", text: "Copy link", on: { click: async () => {
        const copied = await page.copy(`${location.href.split("#")[0]}${fragment(number, -1)}`);
        page.say(copied ? "The link is copied." : "The browser did not allow the page to copy.");
      } } }));
      return made;
    }

    function fragment(number, other) {
      return `#case=${cases.nameOf(number)}${other < 0 || other === number ? "" : `&beside=${cases.nameOf(other)}`}`;
    }

    /* Open a case, with another one beside it; a visit of its own in the browser's history unless `replace`. */
    function go(number, other = beside, replace = false) {
      const link = fragment(number, other);
      if (location.hash !== link) history[replace ? "replaceState" : "pushState"](null, "", link);
      return openCase(number, other);
    }

    async function openCase(number, other) {
      open = number;
      beside = other;
      await reopen();
    }

    /* Make the elements of what is open anew; what had the keyboard has it again. */
    async function reopen() {
      if (open < 0) return;
      asked += 1;
      const turn_ = asked;
      const wanted = beside < 0 || beside === open ? [open] : [beside, open];
      const made = await Promise.all(wanted.map((number) => build(number)));
      // Another case was asked for meanwhile.
      if (turn_ !== asked) return;
      const places = [...panes.querySelectorAll(".case")].map((each) => each.dataset.case);
      const same = places.length === made.length && made.every((each, number) => each.dataset.case === places[number]);
      const tops = [...panes.querySelectorAll(".text")].map((each) => each.scrollTop);
      const stops = () => [...panes.querySelectorAll("button, select, summary, [tabindex]")];
      const focused = stops().indexOf(document.activeElement);
      panes.classList.toggle("two", made.length > 1);
      panes.replaceChildren(...made);
      if (focused >= 0) (same ? stops()[focused] : panes.querySelector(".case:last-child h3"))?.focus({ preventScroll: true });
      for (const [number, each] of panes.querySelectorAll(".text").entries()) {
        const passage = each.querySelector(".aligned");
        if (same) each.scrollTop = tops[number] ?? 0;
        else if (passage) each.scrollTop = Math.max(0, passage.offsetTop - each.clientHeight / 3);
      }
    }

    /* What the address names. */
    function followAddress(first) {
      const parts = Object.fromEntries(location.hash.slice(1).split("&").map((part) => part.split(/=(.*)/s)));
      if (!("case" in parts)) return false;
      const number = cases.numberOf(parts.case);
      if (number < 0) {
        open = -1;
        panes.replaceChildren(element("p", { class: "nothing", role: "alert", text: "This page has no such case. It may be of other results, or left out of this page's sample." }));
      } else {
        const rank = shown.indexOf(number);
        openCase(number, "beside" in parts ? cases.numberOf(parts.beside) : -1);
        if (rank >= 0) move(rank);
        else { cursor = -1; draw(); }
      }
      if (first) document.getElementById("cases").scrollIntoView({ behavior: "instant" });
      return true;
    }

    addEventListener("popstate", () => followAddress(true));

    /* ---- Keyboard ---- */

    function onListKey(event) {
      const page_ = Math.max(1, Math.floor(scroller.clientHeight / ROW) - 1);
      const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page_, PageUp: -page_, Home: -count, End: count };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in steps && shown.length) {
        event.preventDefault();
        event.stopPropagation();
        move(cursor < 0 ? 0 : cursor + steps[event.key]);
        go(shown[cursor], beside, true);
      } else if (event.key === "Enter") {
        event.preventDefault();
        panes.querySelector(".case:last-child h3")?.focus();
      }
    }

    function onKey(event) {
      const typing = event.target.closest("input[type=search], select");
      if (event.key === "Escape") {
        const facet = event.target.closest("details.facet, details.keys");
        if (facet?.open) {
          facet.open = false;
          facet.firstChild.focus();
        } else if (event.target === search && search.value) {
          search.value = "";
          seek();
        } else scroller.focus();
        event.preventDefault();
      } else if (event.ctrlKey || event.metaKey || event.altKey || typing) {
        if (event.target === search && event.key === "ArrowDown") scroller.focus();
      } else if (event.key === "/") {
        event.preventDefault();
        search.focus();
        search.select();
      } else if (event.key === "r" && open >= 0) {
        reveal(open);
      } else if ((event.key === "j" || event.key === "k") && shown.length) {
        move(cursor < 0 ? 0 : cursor + (event.key === "j" ? 1 : -1));
        go(shown[cursor], beside, true);
      }
    }

    /* ---- Search ---- */

    let finder = null;

    function beginSearch() {
      if (finder) return;
      const names = meta.texts.slice(1).map((_, number) => `cases-texts-${number}`);
      finder = page.beginSearch(names, meta.texts, (share) => {
        search.placeholder = share < 1 ? `Reading texts: ${Math.round(share * 100)}%` : "Search in texts";
        if (share === 1) place.dataset.searchable = "true";
      }, (rows_) => {
        found = rows_;
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

    /* ---- Begin ---- */

    refresh();
    if (!followAddress(true) && shown.length) openCase(shown[0], -1).then(() => { cursor = 0; draw(); });
    new ResizeObserver(draw).observe(scroller);
    page.parsed.then(() => (globalThis.requestIdleCallback ?? setTimeout)(beginSearch));
    place.dataset.ready = "true";
  }
})();
