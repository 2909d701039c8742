"""A figure's drawing in the page: the study's own SVG file, with colours for light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from memorization.checksums import check_file
from memorization.page.section import escaped
from memorization.report.texts import visible

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
# Matplotlib's notes on the drawing, and its style sheet, which would be the whole page's.
LEFT_OUT = ("metadata", "style")
# Pixels of a screen per point of the drawing, whose smallest letters are those of a page on paper.
ENLARGED = 1.7
GREY = re.compile(r"#([0-9a-f]{2})\1\1\b")


def figure(file: Path, key: str, name: str) -> str:
    """The HTML of a figure: its drawing, without what would reach outside of it; `key` begins the names in it.

    Raises UserError where the file is damaged.
    """
    check_file(file)
    # Control characters of a title, which XML does not allow, and those that turn the direction of what follows.
    root = ElementTree.fromstring(visible(file.read_text(encoding="utf-8")))
    width = float(re.sub(r"[^0-9.]", "", root.get("width", "")) or 600)
    _prepare(root, key)
    # The drawing's own size is a heading for programs that show it alone; here the page's style decides.
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("style", f"width: {ENLARGED * width:.0f}px")
    root.set("aria-hidden", "true")
    drawing = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    # HTML knows the elements of SVG by their names alone.
    drawing = re.sub(r"(</?)ns\d+:", r"\1", drawing).replace("xmlns:ns0=", "xmlns=").replace(" ns1:href=", " href=")
    drawing = re.sub(r' xmlns:ns\d+="[^"]*"', "", drawing)
    title = escaped(name)
    return (
        f'<figure class="drawing" id="{key}"><div class="scroll" tabindex="0" role="group" data-tips '
        f'aria-label="Figure: {title}. Arrow keys go from value to value.">{drawing}</div></figure>'
    )


def _prepare(element: ElementTree.Element, key: str) -> None:
    """Leave out what is the whole page's, give names a beginning of their own, and greys a dark form."""
    if element.tag == f"{SVG}circle" and (title := element.find(f"{SVG}title")) is not None:
        # The page shows it itself, at once and by the keyboard too.
        element.set("data-tip", title.text or "")
        element.remove(title)
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag.removeprefix(SVG) in LEFT_OUT:
            element.remove(child)
        else:
            _prepare(child, key)
    for name, value in element.attrib.items():
        if name == "id":
            element.set(name, f"{key}-{value}")
        elif name == LINK and value.startswith("#"):
            element.set(name, f"#{key}-{value[1:]}")
        elif name in ("style", "clip-path", "fill", "stroke"):
            element.set(name, GREY.sub(_in_light_and_dark, value.replace("url(#", f"url(#{key}-")))


def _in_light_and_dark(grey: re.Match[str]) -> str:
    """A grey as it is, and in the dark as far from black as it is from white in the light."""
    light = int(grey[1], 16)
    if light == 255:
        return "var(--paper)"
    # The page's dark ground is no black, and its white no glare.
    dark = round(0x20 + (255 - light) * (0xEC - 0x20) / 255)
    return f"light-dark({grey[0]}, #{dark:02x}{dark:02x}{dark:02x})"
