/*
 * Search in all texts, in a worker: one long string per block of texts, in lower case. The function has nothing from
 * outside, so that a worker can have its text.
 */
function searchProgram() {
  const DASHES_AND_QUOTES = /[\u00a0\u2010-\u2015\u2018-\u201f]/g;

  /* A text as it is searched: in lower case, with plain quotation marks and hyphens; as long as it was. */
  function folded(text) {
    let lower = text.toLowerCase();
    if (lower.length !== text.length) {
      lower = text.replace(/./gsu, (sign) => {
        const small = sign.toLowerCase();
        return small.length === sign.length ? small : sign;
      });
    }
    return lower.replace(DASHES_AND_QUOTES, (sign) => {
      if (sign === "\u00a0") return " ";
      if (sign <= "\u2015") return "-";
      return sign <= "\u201b" ? "'" : '"';
    });
  }

  /* How often each character occurs in a text, by its code below 128. */
  function counted(text, counts) {
    for (let place = 0; place < text.length; place += 1) {
      const code = text.charCodeAt(place);
      if (code < 128) counts[code] += 1;
    }
  }

  /*
   * Mark in `found`, from `first` on, the texts of a column that contain what is looked for; both are folded. A browser
   * finds short strings by their first character, so it is given a few from the rarest one on.
   */
  function mark({ whole, starts }, wanted, counts, found, first) {
    let rarest = 0;
    for (let place = 1; place < wanted.length; place += 1) {
      if ((counts[wanted.charCodeAt(place)] ?? 0) < (counts[wanted.charCodeAt(rarest)] ?? 0)) rarest = place;
    }
    const few = wanted.slice(rarest, rarest + 6);
    const last = starts.length - 1;
    let row = 0;
    for (let place = whole.indexOf(few, rarest); place >= 0;) {
      const begin = place - rarest;
      let next = place + 1;
      if (whole.startsWith(wanted, begin)) {
        // The last text that begins there or before, from the one before on.
        let high = last;
        while (high - row > 1) {
          const middle = (row + high) >> 1;
          if (starts[middle] <= begin) row = middle;
          else high = middle;
        }
        if (begin + wanted.length <= starts[row + 1]) {
          found[first + row] = 1;
          next = starts[row + 1] + rarest;
        }
      }
      place = whole.indexOf(few, next);
    }
  }

  return { folded, counted, mark };
}

/* What a worker does: keep blocks of texts, and say which of their texts contain what is looked for. */
function searchWorker(columns, search) {
  const kept = [];
  const counts = new Float64Array(128);
  let last = Promise.resolve();
  let newest = 0;

  async function keep({ block, first }) {
    const { text } = await columns.unpack(block);
    const whole = search.folded(text.whole);
    kept.push({ first, whole, starts: text.starts });
    search.counted(whole.slice(0, 20000), counts);
    postMessage({ kept: first });
  }

  async function find({ wanted, number, rows }) {
    // Letters that were typed meanwhile come first; what they make out of date is not looked for.
    await new Promise((resolve) => setTimeout(resolve));
    if (number !== newest) return;
    const found = new Uint8Array(rows);
    for (const part of kept) search.mark(part, wanted, counts, found, part.first);
    postMessage({ number, found }, [found.buffer]);
  }

  onmessage = ({ data }) => {
    newest = data.number ?? newest;
    last = last
      .then(() => ("block" in data ? keep(data) : find(data)))
      .catch((error) => postMessage({ error: String(error) }));
  };
}

page.search = searchProgram();

/*
 * Begin workers that search in blocks of texts. `starts` are the first rows of the blocks and the number of all rows;
 * `onProgress` is told the share of them that are read, `onFound` the number of a search and a Uint8Array of all rows.
 */
page.beginSearch = (blockNames, starts, onProgress, onFound) => {
  const program = `"use strict"; (${searchWorker})((${columnsProgram})(), (${searchProgram})());`;
  const place = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const rows = starts[starts.length - 1];
  const workers = Array.from({ length: Math.min(2, navigator.hardwareConcurrency || 1) }, () => new Worker(place));
  let read = 0;
  let asked = 0;
  let answers = [];

  for (const worker of workers) {
    worker.onmessage = ({ data }) => {
      if (data.error) throw new Error(data.error);
      if ("kept" in data) {
        read += 1;
        onProgress(read / blockNames.length);
      } else if (data.number === asked) {
        answers.push(data.found);
        if (answers.length < workers.length) return;
        const [found, ...others] = answers;
        for (const other of others) for (let row = 0; row < rows; row += 1) found[row] |= other[row];
        onFound(found);
      }
    };
  }

  async function hand() {
    for (const [number, name] of blockNames.entries()) {
      workers[number % workers.length].postMessage({ block: await page.block(name), first: starts[number] });
      // What a reader does meanwhile comes first.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  return {
    ready: hand(),
    find(text) {
      asked += 1;
      answers = [];
      for (const worker of workers) worker.postMessage({ wanted: page.search.folded(text), number: asked, rows });
    },
    forget() {
      asked += 1;
    },
  };
};
