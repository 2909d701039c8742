/* Texts of datasets and models on the page: what cannot be seen is made visible, and passages are marked. */
page.texts = (() => {
  // Control characters, those that turn the direction of writing, and those that take no room.
  const UNSEEN =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  const HITS = 2000;

  function codeOf(sign) {
    return `U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  }

  /* Append a text; characters that cannot be seen are shown by their number. */
  function append(parent, text) {
    let done = 0;
    for (const { 0: sign, index } of text.matchAll(UNSEEN)) {
      parent.append(text.slice(done, index), page.element("span", { class: "unseen", text: codeOf(sign) }));
      done = index + sign.length;
    }
    parent.append(text.slice(done));
    return parent;
  }

  /* A text on one line, for lists: characters that cannot be seen are replaced. */
  function line(text) {
    return text.replace(UNSEEN, "\u2423");
  }

  /* The masks of a text, from the numbers that the page has of them. */
  function masksOf(numbers) {
    const masks = [];
    const values = numbers ? numbers.split(" ").map(Number) : [];
    for (let place = 0; place < values.length; place += 3) {
      masks.push({ type: values[place], start: values[place + 1], end: values[place + 1] + values[place + 2] });
    }
    return masks;
  }

  /* A text with its masks replaced by their types. */
  function masked(text, masks, types) {
    let shown = "";
    let done = 0;
    for (const { type, start, end } of masks) {
      shown += `${text.slice(done, start)}[${types[type]}]`;
      done = end;
    }
    return shown + text.slice(done);
  }

  /* Where a text contains what is looked for, at most `HITS` times. */
  function hitsOf(text, wanted) {
    const hits = [];
    if (!wanted) return hits;
    const folded = page.search.folded(text);
    const sought = page.search.folded(wanted);
    for (
      let place = folded.indexOf(sought);
      place >= 0 && hits.length < HITS;
      place = folded.indexOf(sought, place + sought.length)
    ) {
      hits.push({ start: place, end: place + sought.length });
    }
    return hits;
  }

  /*
   * Append a text in parts: `links` are aligned passages ({start, end, number}), of which those of one number belong
   * together; `masks` stand for personal data ({start, end, type}), shown by its type unless `revealed`; `hits` are what
   * a search found. Passages may overlap, masks and hits do not overlap others of their kind.
   */
  function appendMarked(parent, text, { links = [], masks = [], hits = [], types = [], revealed = false }) {
    const edges = new Set([0, text.length]);
    for (const { start, end } of [...links, ...masks, ...hits]) {
      edges.add(start).add(end);
    }
    const places = [...edges].filter((edge) => edge <= text.length).sort((a, b) => a - b);
    const inside = (spans) => {
      let first = 0;
      return (start) => {
        while (first < spans.length && spans[first].end <= start) first += 1;
        return first < spans.length && spans[first].start <= start ? spans[first] : null;
      };
    };
    const maskAt = inside(masks);
    const hitAt = inside(hits);
    const begun = new Set();
    let hidden = null;
    for (let number = 0; number + 1 < places.length; number += 1) {
      const [start, end] = [places[number], places[number + 1]];
      const mask = maskAt(start);
      const hit = hitAt(start);
      const numbers = links.filter((link) => link.start <= start && start < link.end).map((link) => link.number);
      let shown = null;
      if (mask && !revealed) {
        // One token, however many parts the text behind it has.
        if (mask === hidden) continue;
        hidden = mask;
        shown = page.element("span", { class: hit ? "mask found" : "mask", text: `[${types[mask.type]}]` });
      } else {
        shown = append(document.createElement("span"), text.slice(start, end));
        if (hit) shown.className = "found";
        if (mask) shown.classList.add("personal");
      }
      if (numbers.length) {
        const mark = page.element("mark", { class: "aligned", "data-links": numbers.join(" ") }, shown);
        // The first part of a passage is where a keyboard stops.
        if (numbers.some((each) => !begun.has(each))) mark.tabIndex = 0;
        for (const each of numbers) begun.add(each);
        shown = mark;
      }
      if (shown.tagName === "SPAN" && !shown.className) parent.append(...shown.childNodes);
      else parent.append(shown);
    }
    return parent;
  }

  return { append, line, masksOf, masked, hitsOf, appendMarked };
})();
