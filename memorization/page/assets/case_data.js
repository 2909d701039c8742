/* The data of all cases: columns of the list, and texts and details that are unpacked when they are asked for. */
page.readCases = async () => {
  const KEPT_BLOCKS = 24;

  /* The text of a block as soon as the browser has read it, whatever comes behind it. */
  async function early(name) {
    const isRead = () => document.readyState !== "loading" || document.getElementById(`block-${name}`)?.nextSibling;
    while (!isRead()) await new Promise((resolve) => setTimeout(resolve, 20));
    return page.block(name);
  }

  const list = await page.columns.unpack(await early("cases-list"));
  const inputs = await page.columns.unpack(await early("cases-inputs"));
  const meta = JSON.parse(page.columns.textOf(list.meta, 0));
  const { runs, outcomes, types, coordinates } = meta;
  const count = list.run.length;
  const unpacked = new Map();

  /* The columns of a block; those that were used last are kept. */
  function columnsOf(name) {
    const found = unpacked.get(name) ?? page.block(name).then(page.columns.unpack);
    unpacked.delete(name);
    unpacked.set(name, found);
    if (unpacked.size > KEPT_BLOCKS) unpacked.delete(unpacked.keys().next().value);
    return found;
  }

  async function rowOf(kind, row) {
    const starts = meta[kind];
    let [low, high] = [0, starts.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= row) low = middle;
      else high = middle;
    }
    const columns = await columnsOf(`cases-${kind}-${low}`);
    return Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [name, page.columns.textOf(column, row - starts[low])]),
    );
  }

  /* A text and what is masked in it, by its row. */
  async function text(row) {
    const found = await rowOf("texts", row);
    return { text: found.text, masks: page.texts.masksOf(found.masks) };
  }

  /* What is known of a case beside its columns: candidates, matches, tokens. */
  async function details(number) {
    const found = JSON.parse((await rowOf("details", number)).details);
    found.matches = found.matches.map(
      ([rank, source, type, start, length, suffixStart, suffixLength, probability, high, entities]) => ({
        rank,
        source,
        type,
        generation: { start, end: start + length },
        training: { start: suffixStart, end: suffixStart + suffixLength },
        probability,
        high,
        entities,
      }),
    );
    return found;
  }

  const inputRows = new Map();
  for (let row = 0; row < inputs.set.length; row += 1)
    inputRows.set(inputs.set[row] * 2 ** 31 + inputs.probe[row], row);

  /* The row of the input of a probe in the file of probes of a run; undefined where the page does not have it. */
  function inputOf(run, probe) {
    return inputRows.get(runs[run].set * 2 ** 31 + probe);
  }

  /* The identifier of an input's row in its dataset; "" where the page does not have it. */
  function idOf(input) {
    return page.columns.textOf(inputs.id, input);
  }

  // Coordinates that tell runs from one another: epochs and seeds those of one state, prefix lengths those of a dataset.
  const WITHIN = { epoch: "state", seed: "state", prefix_tokens: "dataset" };
  const varies = new Set(
    coordinates.filter((key) =>
      runs.some((run) => runs.some((other) => other[key] !== run[key] && other[WITHIN[key]] === run[WITHIN[key]])),
    ),
  );

  /* A state with what else tells its trainings from one another. */
  function stateOf(run) {
    const { state, epoch, seed } = runs[run];
    const parts = [state];
    if (epoch && varies.has("epoch")) parts.push(`epoch ${epoch}`);
    if (epoch && varies.has("seed")) parts.push(`seed ${seed}`);
    return parts.join(", ");
  }

  /* The text of a probe that is searched for in a run's generations. */
  function searchedFor(run) {
    return { input: "suffix", target: "target", both: "suffix with target" }[runs[run].side];
  }

  /* A run in words; a `short` name has what tells it from others alone. */
  function runName(run, short = false) {
    const each = runs[run];
    const parts = [each.dataset_title];
    if (!short || varies.has("model")) parts.push(each.model_title);
    parts.push(stateOf(run));
    if (varies.has("decoding")) parts.push(each.decoding);
    if (varies.has("prompting")) parts.push(each.prompting);
    if (varies.has("prefix_tokens")) parts.push(`${each.prefix_tokens} tokens`);
    if (varies.has("profile")) parts.push(each.profile);
    if (varies.has("side")) parts.push(searchedFor(run));
    if (each.population === "control") parts.push("control");
    return parts.join(" · ");
  }

  /* The name of a case in a link: the coordinates of its run, and its probe. */
  function nameOf(number) {
    const run = runs[list.run[number]];
    return [...coordinates.map((key) => run[key]), list.probe[number]]
      .map((part) => encodeURIComponent(part))
      .join("/");
  }

  /* The case of that name; -1 where the page does not have it. */
  function numberOf(name) {
    let parts = [];
    try {
      parts = name.split("/").map(decodeURIComponent);
    } catch {
      return -1;
    }
    const run = runs.findIndex((each) => coordinates.every((key, place) => String(each[key]) === parts[place]));
    const probe = Number(parts[coordinates.length]);
    if (run < 0 || parts.length !== coordinates.length + 1) return -1;
    for (let number = 0; number < count; number += 1) {
      if (list.run[number] === run && list.probe[number] === probe) return number;
    }
    return -1;
  }

  /* Other cases of what a case is of, whose runs differ in model, state, decoding and so on. */
  function others(number) {
    const found = [];
    for (let each = 0; each < count; each += 1) {
      if (list.item[each] === list.item[number] && each !== number) found.push(each);
    }
    return found.sort((a, b) => list.run[a] - list.run[b]);
  }

  function outcomeOf(number) {
    return outcomes[list.outcome[number]];
  }

  function outcomeName(number) {
    return meta.outcome_names[list.outcome[number]];
  }

  return {
    meta,
    runs,
    outcomes,
    types,
    count,
    list,
    inputs,
    varies,
    text,
    details,
    inputOf,
    idOf,
    stateOf,
    searchedFor,
    runName,
    nameOf,
    numberOf,
    others,
    outcomeOf,
    outcomeName,
  };
};
