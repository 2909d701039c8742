/*
 * The value under the pointer: of any element with `data-tip`. In a picture with many of them (`data-tips` on it, which
 * can be reached by the keyboard) the arrow keys go from value to value.
 */
(() => {
  const tip = page.element("div", { id: "tip", hidden: true, "aria-hidden": "true" });
  document.body.append(tip);

  function show(marked, text = marked.dataset.tip) {
    tip.textContent = text;
    tip.hidden = false;
    const place = marked.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(place.left + place.width / 2 - own.width / 2, 8), innerWidth - own.width - 8);
    const above = place.top - own.height - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : place.bottom + 8}px`;
  }

  function hide() {
    tip.hidden = true;
  }

  document.addEventListener("pointerover", (event) => {
    const marked = event.target.closest?.("[data-tip]");
    if (marked) show(marked, all(marked).join("\n"));
    else hide();
  });
  /* The values of a picture at one place: marks may lie on one another. */
  function all(marked) {
    const place = marked.getBoundingClientRect();
    const beside = [...(marked.closest("[data-tips]")?.querySelectorAll("[data-tip]") ?? [])].filter((each) => {
      const other = each.getBoundingClientRect();
      return Math.hypot(other.x - place.x, other.y - place.y) < place.width / 2;
    });
    return [...new Set([marked, ...beside].map((each) => each.dataset.tip))].slice(0, 8);
  }

  addEventListener("scroll", hide, { passive: true, capture: true });

  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const picture = event.target.closest?.("[data-tips]");
    if (!picture || !(event.key in steps)) return;
    const marks = [...picture.querySelectorAll("[data-tip]")];
    if (!marks.length) return;
    const next = marks.indexOf(picture.querySelector(".lit")) + steps[event.key];
    const marked = marks[(next + marks.length) % marks.length];
    for (const each of marks) each.classList.toggle("lit", each === marked);
    marked.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    show(marked);
    page.say(marked.dataset.tip);
    event.preventDefault();
  });
  document.addEventListener("focusout", (event) => {
    const picture = event.target.closest?.("[data-tips]");
    picture?.querySelector(".lit")?.classList.remove("lit");
    if (picture) hide();
  });
})();
