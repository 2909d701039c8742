/*
 * What cases are filtered by: facets with their values, and how many cases each choice would leave. `changed` is called
 * after a reader's choice.
 */
page.caseFacets = (cases, changed) => {
  const { element } = page;
  const { list, runs } = cases;
  const POPULATIONS = { member: "training inputs", control: "test inputs (control)" };
  const SIDES = { input: "inputs", target: "targets", both: "inputs and targets" };
  const OWN = ["no match", "own suffix", "another suffix"];
  // Bits of a number.
  const MOST_VALUES = 31;

  /* A facet of which a case has the values of its run, one or several. */
  function ofRuns(title, valuesOf) {
    const values = [...new Set(runs.flatMap(valuesOf))];
    const numbers = runs.map((run) => valuesOf(run).map((value) => values.indexOf(value)));
    const chosen = new Set();
    const counts = new Int32Array(values.length);
    const passing = new Uint8Array(runs.length);
    return {
      title,
      values,
      chosen,
      counts,
      differs: () => values.length > 1,
      prepare() {
        for (const [run, has] of numbers.entries()) {
          passing[run] = !chosen.size || has.some((value) => chosen.has(value)) ? 1 : 0;
        }
      },
      passes: (number) => passing[list.run[number]] === 1,
      count(number) {
        for (const value of numbers[list.run[number]]) counts[value] += 1;
      },
    };
  }

  /* A facet of which a case has values of its own, a bit each. */
  function ofCases(title, values, bitsOf) {
    const chosen = new Set();
    const counts = new Int32Array(values.length);
    let wanted = 0;
    return {
      title,
      values,
      chosen,
      counts,
      differs() {
        for (let number = 1; number < cases.count; number += 1) if (bitsOf(number) !== bitsOf(0)) return true;
        return false;
      },
      prepare() {
        wanted = [...chosen].reduce((bits, value) => bits | (1 << value), 0);
      },
      passes: (number) => wanted === 0 || (bitsOf(number) & wanted) !== 0,
      count(number) {
        for (let bits = bitsOf(number); bits; bits &= bits - 1) counts[31 - Math.clz32(bits & -bits)] += 1;
      },
    };
  }

  const facets = [
    ofRuns("Study", (run) => run.studies),
    ofRuns("Task", (run) => [run.task]),
    ofRuns("Dataset", (run) => [run.dataset_title]),
    ofRuns("Model", (run) => [run.model_title]),
    ofRuns("State", (run) => [run.state]),
    ...(cases.varies.has("epoch") ? [ofRuns("Epoch", (run) => [`${run.epoch}`])] : []),
    ...(cases.varies.has("seed") ? [ofRuns("Seed", (run) => [`${run.seed}`])] : []),
    ofRuns("Decoding", (run) => [run.decoding]),
    ofRuns("Prompting", (run) => [run.prompting]),
    ...(cases.varies.has("prefix_tokens") ? [ofRuns("Prefix", (run) => [`${run.prefix_tokens} tokens`])] : []),
    ofRuns("Side", (run) => [SIDES[run.side]]),
    ofRuns("Aligner", (run) => [run.profile]),
    ofRuns("Inputs", (run) => [POPULATIONS[run.population]]),
    ofCases("Category", cases.meta.outcome_names, (number) => 1 << list.outcome[number]),
    ofCases("Suffix", OWN, (number) => 1 << list.own[number]),
    ofCases("Entity type", cases.types.slice(0, MOST_VALUES), (number) => list.types[number]),
    ofCases("Leaked", ["entities leaked", "none leaked"], (number) => (list.leaked[number] ? 1 : 2)),
  ].filter((facet) => facet.differs());

  /* A button with the facet's choices below it. */
  function menu(facet) {
    const summary = element("summary", {});
    const labels = facet.values.map((value, number) => {
      const box = element("input", { type: "checkbox" });
      box.addEventListener("change", () => {
        if (box.checked) facet.chosen.add(number);
        else facet.chosen.delete(number);
        changed();
      });
      const name = page.texts.append(element("span", { dir: "auto" }), value);
      return element("label", {}, box, name, element("small", {}));
    });
    const choices = element("div", { role: "group", "aria-label": facet.title }, ...labels);
    const made = element("details", { class: "facet" }, summary, choices);
    made.addEventListener("toggle", () => made.open && close(made));
    facet.show = () => {
      const names = [...facet.chosen].map((number) => facet.values[number]);
      const chosen = names.length > 2 ? `${names.length} chosen` : names.join(", ");
      summary.replaceChildren(facet.title);
      if (chosen) summary.append(element("b", { dir: "auto", text: page.texts.line(chosen) }));
      made.classList.toggle("active", names.length > 0);
      for (const [number, label] of labels.entries()) {
        label.lastChild.textContent = facet.counts[number].toLocaleString("en");
        label.classList.toggle("empty", !facet.counts[number]);
      }
    };
    return made;
  }

  const menus = element("div", { class: "facets", role: "group", "aria-label": "Filters" }, ...facets.map(menu));

  /* Close all menus but one. */
  function close(but) {
    for (const each of menus.querySelectorAll("details[open]")) if (each !== but) each.open = false;
  }

  document.addEventListener("pointerdown", (event) => close(event.target.closest?.("#case-browser details.facet")));

  /* The cases of an order that pass all facets (a part of `order` where `wanted` is true), and their counts. */
  function passing(order, wanted) {
    for (const facet of facets) {
      facet.prepare();
      facet.counts.fill(0);
    }
    const kept = new Uint32Array(order.length);
    let length = 0;
    for (const number of order) {
      if (!wanted(number)) continue;
      let failed = null;
      let fails = 0;
      for (const facet of facets) {
        if (facet.passes(number)) continue;
        failed = facet;
        fails += 1;
        if (fails > 1) break;
      }
      if (fails === 0) {
        kept[length] = number;
        length += 1;
        for (const facet of facets) facet.count(number);
      } else if (fails === 1) {
        // It would be there if its value were chosen, too.
        failed.count(number);
      }
    }
    for (const facet of facets) facet.show();
    return kept.subarray(0, length);
  }

  function clear() {
    for (const facet of facets) facet.chosen.clear();
    for (const box of menus.querySelectorAll("input")) box.checked = false;
  }

  return { element: menus, passing, clear, any: () => facets.some((facet) => facet.chosen.size > 0) };
};
