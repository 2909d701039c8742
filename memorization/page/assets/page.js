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
      else if (key === "on")
        for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  /* Put a text on the clipboard; false where the browser does not let the page. */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without that interface, or the right to use it: as before it was there.
      const area = element("textarea", { "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  /* Tell a screen reader what has changed. */
  function say(text) {
    document.getElementById("said").textContent = text;
  }

  /* The reader's choice of light or dark, else the system's. */
  function offerThemes() {
    const root = document.documentElement;
    const button = document.getElementById("theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
    const show = () => {
      button.textContent = isDark() ? "Light" : "Dark";
    };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      show();
    });
    dark.addEventListener("change", show);
    button.hidden = false;
    button.setAttribute("aria-label", "Switch between light and dark");
    show();
  }

  /* The navigation names the section that is read. */
  function followSections() {
    const links = new Map([...document.querySelectorAll(".top li a")].map((link) => [link.hash.slice(1), link]));
    const seen = new Set();
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) seen.add(entry.target.id);
          else seen.delete(entry.target.id);
        }
        const current = [...links.keys()].find((id) => seen.has(id));
        for (const [id, link] of links) {
          if (id === current) {
            link.setAttribute("aria-current", "true");
            // On a narrow screen the links scroll by themselves.
            link.closest("ul").scrollLeft = link.offsetLeft - link.closest("ul").offsetLeft - 40;
          } else link.removeAttribute("aria-current");
        }
      },
      { rootMargin: "-20% 0px -70% 0px" },
    );
    for (const id of links.keys()) observer.observe(document.getElementById(id));
  }

  /* What is printed is all of it, whatever a reader has folded, but for texts that nobody has asked for. */
  function openForPrint() {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = [...document.querySelectorAll("main details:not([open])")].filter(
        (each) => !each.closest(".tools, .texts"),
      );
      for (const each of folded) each.open = true;
    });
    addEventListener("afterprint", () => {
      for (const each of folded) each.open = false;
    });
  }

  /* The methods as plain text. */
  function offerMethods() {
    const methods = document.querySelector(".methods");
    if (!methods) return;
    const said = element("span", { class: "small" });
    const button = element("button", {
      type: "button",
      text: "Copy",
      on: {
        click: async () => {
          const sources = [...methods.querySelectorAll("li")].map(
            (source, place) => `[${place + 1}] ${source.textContent}`,
          );
          const done = await copy([methods.querySelector("p").textContent, "", ...sources, ""].join("\n"));
          said.textContent = done ? "Copied." : "The browser does not allow copying.";
          say(said.textContent);
        },
      },
    });
    methods.querySelector("h3").after(element("div", { class: "tools" }, button, said));
  }

  offerThemes();
  offerMethods();
  followSections();
  openForPrint();

  return { block, json, bytes, unpacked, element, copy, say, parsed };
})();
