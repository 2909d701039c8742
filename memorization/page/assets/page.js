"use strict";

/* What all parts of the page share: data, elements, words for screen readers, the theme. */
const page = (() => {
  const parsed = new Promise((resolve) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve, { once: true });
    else resolve();
  });

  /* The text of a block of data; it is behind this program in the file, and may not have been read yet. */
  async function block(name) {
    const find = () => document.getElementById(`block-${name}`);
    // An element that the parser is still in has a part of its text only.
    if (document.readyState === "loading" && !find()?.nextElementSibling) await parsed;
    const element = find();
    if (!element) throw new Error(`the page has no block ${name}`);
    return element.textContent;
  }

  /* The value of a block that `json_block` wrote. */
  async function json(name) {
    return JSON.parse(await block(name));
  }

  /* The bytes of a block that `packed_block` wrote. */
  async function bytes(name) {
    return unpacked(await block(name));
  }

  async function unpacked(base64) {
    const text = atob(base64);
    const packed = new Uint8Array(text.length);
    for (let place = 0; place < text.length; place += 1) packed[place] = text.charCodeAt(place);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /*
   * An element with attributes (`text` is its text, `on` its listeners, null leaves one out) and children. Texts are
   * set as text: there is no way here to give markup.
   */
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "text") made.textContent = value;
      else if (key === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  /* Tell a screen reader what has changed. */
  function say(text) {
    document.getElementById("said").textContent = text;
  }

  return { block, json, bytes, unpacked, element, say, parsed };
})();
