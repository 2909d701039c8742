/* Maps of attention: a heatmap per state, and the input's tokens shaded by what one output token attends to. */
(async () => {
  const place = document.getElementById("maps");
  if (!place) return;
  const [facts, weights] = await Promise.all([page.bytes("attention"), page.bytes("attention-weights")]);
  const data = JSON.parse(new TextDecoder().decode(facts));
  const numbers = new Uint16Array(weights.buffer);
  let start = 0;
  for (const map of data.maps) {
    map.rows = map.outputs.length;
    map.columns = map.inputs.length;
    map.weights = numbers.subarray(start, start + map.rows * map.columns);
    start += map.rows * map.columns;
  }
  // Texts of training data are shown when a reader asks for them.
  let showsTexts = !data.masked;
  let chosen = 0;

  const groups = [...new Set(data.cells.map((cell) => cell.group))];
  const datasets = select(
    "Dataset",
    groups.map((group) => data.cells.find((cell) => cell.group === group).dataset),
  );
  const samples = select("Sample", []);
  const scales = select("Colours", ["logarithmic", "linear"]);
  const reveal = page.element("button", { type: "button", text: "Show the tokens", on: { click: showTexts } });
  const panels = page.element("div", { class: "panels" });
  place.replaceChildren(
    page.element("div", { class: "tools" }, datasets.label, samples.label, scales.label, data.masked ? reveal : ""),
    panels,
  );
  datasets.box.addEventListener("change", () => {
    offerSamples();
    draw();
  });
  samples.box.addEventListener("change", draw);
  scales.box.addEventListener("change", draw);
  offerSamples();
  draw();

  function select(name, options) {
    const box = page.element("select", {}, ...options.map((text, value) => page.element("option", { value, text })));
    return { box, label: page.element("label", {}, `${name} `, box) };
  }

  function showTexts() {
    showsTexts = !showsTexts;
    reveal.textContent = showsTexts ? "Hide the tokens" : "Show the tokens";
    draw();
  }

  function mapsOfGroup() {
    const group = groups[Number(datasets.box.value)];
    return data.maps.filter((map) => data.cells[map.cell].group === group);
  }

  function offerSamples() {
    const found = [...new Set(mapsOfGroup().map((map) => map.sample))];
    samples.box.replaceChildren(...found.map((value) => page.element("option", { value, text: value + 1 })));
  }

  function draw() {
    const maps = mapsOfGroup()
      .filter((map) => map.sample === Number(samples.box.value))
      .sort((one, other) => one.cell - other.cell);
    chosen = Math.min(chosen, Math.max(0, ...maps.map((map) => map.rows - 1)));
    panels.replaceChildren(...maps.map(panel));
  }

  function panel(map) {
    const cell = data.cells[map.cell];
    const [value, low, high] = ["value", "low", "high"].map((name) => cell.density?.[name].toFixed(1));
    const words = cell.density ? `${value} effective tokens [${low}, ${high}], mean of ${cell.density.n} samples` : "";
    const canvas = page.element("canvas", { width: map.columns, height: map.rows, "aria-hidden": "true" });
    paint(canvas, map, scales.box.value === "0");
    const said = page.element("p", { class: "small reading" });
    const inputs = map.inputs.map((_, column) =>
      page.element("span", { class: "token", text: token(map.inputs, column) }),
    );
    const outputs = map.outputs.map((_, row) =>
      page.element("span", {
        class: "token",
        role: "option",
        id: `token-${map.cell}-${row}`,
        text: token(map.outputs, row),
        on: { pointerenter: () => choose(row) },
      }),
    );
    const list = page.element(
      "div",
      { class: "tokens outputs", role: "listbox", tabindex: "0", "aria-label": `Output tokens, ${cell.state}` },
      ...outputs,
    );
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -map.rows, End: map.rows }[
        event.key
      ];
      if (!step) return;
      choose(Math.min(Math.max(chosen + step, 0), map.rows - 1), true);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      const area = canvas.getBoundingClientRect();
      const row = Math.min(
        map.rows - 1,
        Math.max(0, Math.floor(((event.clientY - area.top) / area.height) * map.rows)),
      );
      const column = Math.min(
        map.columns - 1,
        Math.max(0, Math.floor(((event.clientX - area.left) / area.width) * map.columns)),
      );
      choose(row);
      const [output, input] = [named(map.outputs, row), named(map.inputs, column)];
      said.textContent = `Output token ${output} on input token ${input}: ${percent(map, row, column)}`;
    });
    const article = page.element(
      "article",
      { class: "map", "aria-label": cell.state },
      page.element("h3", { text: cell.epoch ? `${cell.state}, epoch ${cell.epoch}` : cell.state }),
      page.element("p", { class: "small", text: words }),
      canvas,
      said,
      page.element("h4", { text: "Output" }),
      list,
      page.element("h4", { text: "Input, shaded by the attention of the output token" }),
      page.element(
        "div",
        { class: "tokens", tabindex: "0", role: "group", "aria-label": `Input tokens, ${cell.state}` },
        ...inputs,
      ),
    );
    article.show = (aloud) => {
      if (chosen >= map.rows) return;
      const own = map.weights.subarray(chosen * map.columns, (chosen + 1) * map.columns);
      const most = Math.max(1, ...own);
      inputs.forEach((each, column) =>
        each.style.setProperty("--weight", `${(90 * Math.sqrt(own[column] / most)).toFixed(1)}%`),
      );
      outputs.forEach((each, row) => each.setAttribute("aria-selected", row === chosen));
      list.setAttribute("aria-activedescendant", outputs[chosen].id);
      const top = [...own.keys()].sort((one, other) => own[other] - own[one]).slice(0, 3);
      const words = top.map((column) => `${named(map.inputs, column)} (${percent(map, chosen, column)})`).join(", ");
      said.textContent = `Output token ${named(map.outputs, chosen)} attends most to input token ${words}`;
      if (aloud) page.say(said.textContent);
    };
    article.show(false);
    return article;
  }

  function choose(row, aloud = false) {
    chosen = row;
    for (const article of panels.children) article.show(aloud && article.contains(document.activeElement));
  }

  /* A token as it is read: SentencePiece's and BPE's signs for a space are one. Its number, where texts are hidden. */
  function token(texts, place) {
    if (!showsTexts || texts[place] === null) return String(place + 1);
    return texts[place].replace(/^[▁Ġ]/, " ").replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
  }

  /* A token's number, and where it is shown its text. */
  function named(texts, place) {
    const text = token(texts, place).trim();
    return text === String(place + 1) ? text : `${place + 1} “${text}”`;
  }

  function percent(map, row, column) {
    return `${((100 * map.weights[row * map.columns + column]) / data.scale).toFixed(2)}%`;
  }

  function paint(canvas, map, logarithmic) {
    const image = new ImageData(map.columns, map.rows);
    let most = 1;
    for (const weight of map.weights) most = Math.max(most, weight);
    map.weights.forEach((weight, number) => {
      // From 0.01% on, as the figures' logarithmic scale.
      const share = logarithmic ? 1 + Math.log10(Math.max(weight / data.scale, 1e-4)) / 4 : weight / most;
      image.data.set([...colour(share), 255], 4 * number);
    });
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /* Between dark blue (0) and yellow (1), as evenly bright steps for every colour vision. */
  function colour(share) {
    const stops = [
      [68, 1, 84],
      [59, 82, 139],
      [33, 145, 140],
      [94, 201, 98],
      [253, 231, 37],
    ];
    const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    return stops[left].map((value, part) => value + (at - left) * (stops[left + 1][part] - value));
  }
})();
