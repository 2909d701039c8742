/* One opened case: its texts side by side with what aligns, its candidates, its entities. */
page.caseView = (cases, browser) => {
  const { element } = page;
  const tools = page.caseTools(cases, browser);
  let candidatesOpen = false;
  // Characters of a text that are shown at first, before and behind its first passage.
  const BEFORE = 4000;
  const BEHIND = 16000;
  const TYPES = { verbatim: "verbatim", summary: "idea", other: "paraphrase" };

  /* A text in a box of its own, with a heading; a long one is shown in part. */
  function side(heading, note, { text, masks }, links, { number, kind }) {
    const box = element("div", { class: "text", dir: "auto", tabindex: "0", role: "group", "aria-label": heading });
    const hits = page.texts.hitsOf(text, browser.wanted(kind));
    const options = { types: cases.types, revealed: browser.revealed(number) };
    const first = Math.min(...links.map((link) => link.start), text.length);
    const show = (from, to) => {
      const within = (spans) =>
        spans
          .filter((span) => span.end > from && span.start < to)
          .map((span) => ({ ...span, start: Math.max(span.start, from) - from, end: Math.min(span.end, to) - from }));
      box.replaceChildren();
      const more = (count, where) =>
        element("button", {
          type: "button",
          class: "more",
          text: `${count.toLocaleString("en")} more characters ${where}`,
          on: { click: () => show(0, text.length) },
        });
      if (from > 0) box.append(more(from, "before"));
      page.texts.appendMarked(box, text.slice(from, to), {
        ...options,
        links: within(links),
        masks: within(masks),
        hits: within(hits),
      });
      if (to < text.length) box.append(more(text.length - to, "behind"));
      if (!text)
        box.append(
          element("em", { class: "nothing", text: kind === "generation" ? "nothing was written" : "no text" }),
        );
    };
    const whole = text.length <= BEFORE + BEHIND;
    const from = whole || first === text.length ? 0 : Math.max(0, first - BEFORE);
    show(outside(masks, from), whole ? text.length : outside(masks, from + BEFORE + BEHIND));
    const parts = [element("h4", { text: heading }), box];
    if (note) parts.splice(1, 0, note);
    return element("section", { class: `side ${kind}` }, ...parts);
  }

  /* A place that is in no mask, so that no part of one is shown alone. */
  function outside(masks, place) {
    return masks.find(({ start, end }) => start < place && place < end)?.start ?? place;
  }

  /* What aligns lights up on both sides, under the pointer or the keyboard. */
  function link(texts) {
    const light = (target) => {
      for (const each of texts.querySelectorAll(".lit")) each.classList.remove("lit");
      const numbers = target?.closest?.(".aligned")?.dataset.links.split(" ") ?? [];
      for (const number of numbers) {
        for (const each of texts.querySelectorAll(`.aligned[data-links~="${number}"]`)) each.classList.add("lit");
      }
    };
    // To the other side of a passage.
    const go = (target) => {
      const mark = target.closest?.(".aligned");
      if (!mark) return false;
      const number = mark.dataset.links.split(" ")[0];
      const here = mark.closest(".side");
      const there = [...texts.querySelectorAll(`.aligned[data-links~="${number}"]`)].find(
        (each) => each.closest(".side") !== here,
      );
      there?.scrollIntoView({ block: "nearest" });
      return Boolean(there);
    };
    texts.addEventListener("pointerover", (event) => light(event.target));
    texts.addEventListener("pointerleave", () => light(document.activeElement));
    texts.addEventListener("focusin", (event) => light(event.target));
    texts.addEventListener("focusout", () => light(null));
    texts.addEventListener("click", (event) => go(event.target));
    texts.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && go(event.target)) event.preventDefault();
    });
  }

  function facts(number, details) {
    const { list } = cases;
    const pairs = [["Probe", `${list.probe[number]}`]];
    const id = cases.idOf(list.input[number]);
    if (id) pairs.push(["Row", id]);
    if (list.training[number] >= 0) {
      pairs.push(["Matched characters", list.length[number].toLocaleString("en")]);
      if (list.probability[number] >= 0)
        pairs.push(["Probability of a paraphrase", list.probability[number].toFixed(3)]);
      pairs.push(["BM25 score", list.score[number].toFixed(1)]);
    }
    pairs.push(["Tokens", `${details.tokens}${details.limit ? " (the limit)" : ""}`]);
    if (list.leaked[number]) pairs.push(["Entities leaked", `${list.leaked[number]}`]);
    const shown = pairs.map(([name, value]) =>
      element("div", {}, element("dt", { text: name }), page.texts.append(element("dd", { dir: "auto" }), value)),
    );
    return element("dl", { class: "facts" }, ...shown);
  }

  /* Candidates in their order, the probe's own suffix among them; choosing one shows what aligns with it. */
  function candidateList(number, details, chosen, choose) {
    const run = cases.list.run[number];
    const own = cases.list.probe[number];
    const rows = details.candidates.map(([rank, source, score]) => ({ rank, source, score }));
    if (!rows.some((row) => row.source === own)) rows.push({ rank: null, source: own, score: null });
    const items = rows.map(({ rank, source, score }) => {
      const matches = details.matches.filter((match) => match.rank === rank);
      const parts = [rank === null ? "–" : `${rank}.`, `probe ${source}${source === own ? " (its own)" : ""}`];
      const probability = Math.max(...matches.map((match) => match.probability ?? 0));
      const sure = probability > 0 ? `, p = ${probability.toFixed(2)}` : "";
      const found = matches.length
        ? `${TYPES[matches[0].type]}${matches.length > 1 ? ` × ${matches.length}` : ""}${sure}`
        : "no match";
      const texts = [element("b", { text: parts.join(" ") }), element("span", { text: found })];
      if (score !== null) texts.push(element("small", { text: `score ${score.toFixed(1)}` }));
      const kept = cases.inputOf(run, source) !== undefined;
      const button = element(
        "button",
        {
          type: "button",
          class: matches.length ? "candidate matched" : "candidate",
          "aria-pressed": String(source === chosen),
          disabled: !kept,
          title: kept ? null : "Its text is not in this page, which has a sample.",
          on: { click: () => choose(source) },
        },
        ...texts,
      );
      return element("li", {}, button);
    });
    return element(
      "details",
      {
        class: "candidates",
        open: candidatesOpen,
        on: {
          toggle: (event) => {
            candidatesOpen = event.target.open;
          },
        },
      },
      element("summary", { text: `Candidates (${details.candidates.length})` }),
      element("ol", {}, ...items),
    );
  }

  /* Entities of the matches with the chosen text, by type. */
  function entityTable(number, matches) {
    const rows = new Map();
    for (const { entities } of matches) {
      for (const [column, found] of entities.entries()) {
        for (const [type, text] of found) {
          if (!rows.has(type)) rows.set(type, [new Map(), new Map(), new Map()]);
          const counted = rows.get(type)[column];
          counted.set(text, (counted.get(text) ?? 0) + 1);
        }
      }
    }
    if (!rows.size) return null;
    const shown = (type, counted) => {
      const cell = element("td", { dir: "auto" });
      if (browser.revealed(number)) {
        for (const text of counted.keys()) cell.append(page.texts.append(element("span", { class: "entity" }), text));
      } else if (counted.size) {
        const times = [...counted].reduce((sum, [text, times_]) => sum + (text ? 1 : times_), 0);
        cell.append(element("span", { class: "mask", text: `[${cases.types[type]}]` }), times > 1 ? ` × ${times}` : "");
      }
      return cell;
    };
    const head = ["Type", "In the generation", "In the training text", "Leaked"].map((text) =>
      element("th", { scope: "col", text }),
    );
    const body = [...rows].map(([type, columns]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row", text: cases.types[type] }),
        ...columns.map((each) => shown(type, each)),
      ),
    );
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
    return element(
      "div",
      { class: "entities" },
      element("h4", { text: "Entities of these matches" }),
      element(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Entities of these matches" },
        table,
      ),
    );
  }

  function trainingNote(number, source) {
    const run = cases.list.run[number];
    const control = cases.runs[run].population === "control";
    const own = cases.list.probe[number] === source;
    const input = cases.inputOf(run, source);
    const id = input === undefined ? "" : cases.idOf(input);
    const text = cases.searchedFor(run);
    const note = element("p", { class: "note" }, own ? `The probe's own ${text}` : `The ${text} of probe ${source}`);
    if (id) page.texts.append(note, `, row ${id}`);
    if (control) note.append("; a test text, which no model was trained on");
    return note;
  }

  /* The element of a case; `chosen` is the probe whose suffix is shown, null for the one that decided. */
  async function build(number, chosen = null) {
    const { list } = cases;
    const run = list.run[number];
    const details = await cases.details(number);
    const deciding = list.training[number] < 0 ? list.probe[number] : cases.inputs.probe[list.training[number]];
    const source = chosen ?? deciding;
    const input = cases.inputOf(run, source);
    const matches = details.matches.filter((match) => match.source === source);
    const [prefix, generation, training] = await Promise.all(
      [cases.inputs.prefix[list.input[number]], list.generation[number], cases.inputs.suffix[input]].map(cases.text),
    );
    const linked = (name) => matches.map((match, place) => ({ ...match[name], number: place }));
    const control = cases.runs[run].population === "control";
    const texts = element(
      "div",
      { class: "texts" },
      side("Prefix", element("p", { class: "note", text: "What the model was shown" }), prefix, [], {
        number,
        kind: "prefix",
      }),
      side("Generation", element("p", { class: "note", text: "What it wrote" }), generation, linked("generation"), {
        number,
        kind: "generation",
      }),
      side(control ? "Test text" : "Training text", trainingNote(number, source), training, linked("training"), {
        number,
        kind: "training",
      }),
    );
    link(texts);
    const outcome = cases.outcomeOf(number);
    const hidden = [prefix, generation, training].reduce((sum, { masks }) => sum + masks.length, 0);
    const name = page.texts.append(element("p", { class: "run", dir: "auto" }), cases.runName(run));
    const heading = element(
      "h3",
      { tabindex: "-1" },
      element("span", { class: `outcome ${outcome}`, text: cases.outcomeName(number) }),
      element("span", {
        class: "of",
        text: list.own[number] ? ` of ${list.own[number] === 1 ? "its own" : "another"} ${cases.searchedFor(run)}` : "",
      }),
    );
    const entities = entityTable(number, matches);
    const again = async (other) => {
      const made = await build(number, other);
      article.replaceWith(made);
      made.querySelector(".candidate[aria-pressed=true]")?.focus();
    };
    const article = element(
      "article",
      {
        class: "case",
        "data-case": cases.nameOf(number),
        "aria-label": `Case: ${cases.outcomeName(number)}, ${cases.runName(run)}, probe ${list.probe[number]}`,
      },
      element("header", {}, heading, name, tools(number, hidden)),
      texts,
      facts(number, details),
      // An empty one keeps the places of two cases equal.
      entities ?? element("div"),
      candidateList(number, details, source, again),
    );
    return article;
  }

  return build;
};
