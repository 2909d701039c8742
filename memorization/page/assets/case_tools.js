/* The buttons of an opened case: personal data, another case beside it, a link to it. */
page.caseTools = (cases, browser) => {
  const { element } = page;

  function button(text, click, attributes = {}) {
    return element("button", { type: "button", text, on: { click }, ...attributes });
  }

  /* A choice of the cases of the same input in other runs. */
  function comparison(number) {
    const others = cases.others(number);
    if (!others.length) return [];
    const options = others.map((other) =>
      element("option", {
        value: other,
        selected: other === browser.beside(),
        text: page.texts.line(`${cases.runName(cases.list.run[other], true)}: ${cases.outcomeName(other)}`),
      }),
    );
    const none = element("option", { value: -1, text: "Compare with …" });
    const label = "Compare with the same input in another run";
    const made = element("select", { "aria-label": label }, none, ...options);
    made.addEventListener("change", () => browser.compare(Number(made.value)));
    return [made];
  }

  async function copyLink(number) {
    const copied = await page.copy(`${location.href.split("#")[0]}${browser.linkTo(number)}`);
    page.say(copied ? "The link is copied." : "The browser did not allow the page to copy.");
  }

  /* The buttons of a case, in whose texts personal data is in so many places. */
  return (number, places) => {
    const made = [button("To the list", browser.toList, { class: "to-list" })];
    if (places && browser.canReveal()) {
      const revealed = browser.revealed(number);
      made.push(
        button(revealed ? "Mask personal data" : `Show personal data (${places})`, () => browser.reveal(number), {
          class: "reveal",
          "aria-pressed": String(revealed),
        }),
      );
    }
    if (number === browser.open()) {
      const kept = browser.beside() === number;
      made.push(
        ...comparison(number),
        button("Keep beside", () => browser.keep(!kept), {
          "aria-pressed": String(kept),
          title: "Show the next case that you open beside this one",
        }),
      );
    } else made.push(button("Close", () => browser.compare(-1)));
    made.push(button("Copy link", () => copyLink(number)));
    return element("div", { class: "case-tools" }, ...made);
  };
};
