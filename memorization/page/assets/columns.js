/*
 * Columns that `page/columns.py` packed. The function has nothing from outside, so that a worker can have its text.
 */
function columnsProgram() {
  const KINDS = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array };

  function decoded(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
    return bytes;
  }

  /* Columns by name: typed arrays, and for texts `{whole, starts}`, of which `textOf` cuts one out. */
  async function unpack(base64) {
    const stream = new Blob([decoded(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const buffer = await new Response(stream).arrayBuffer();
    const begin = 4 + new DataView(buffer).getUint32(0, true);
    const heading = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, begin - 4)));
    const columns = {};
    let place = begin;
    for (const [name, kind, count, length] of heading) {
      if (kind === "text") {
        const lengths = new Int32Array(buffer.slice(place, place + 4 * count));
        const starts = new Int32Array(count + 1);
        for (let row = 0; row < count; row += 1) starts[row + 1] = starts[row] + lengths[row];
        const bytes = new Uint8Array(buffer, place + 4 * count, length - 4 * count);
        columns[name] = { whole: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), starts };
      } else {
        columns[name] = new KINDS[kind](buffer.slice(place, place + length));
      }
      place += length;
    }
    return columns;
  }

  function textOf(column, row) {
    return column.whole.slice(column.starts[row], column.starts[row + 1]);
  }

  return { unpack, textOf };
}

page.columns = columnsProgram();
