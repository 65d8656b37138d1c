"""check_page.py static PAGE | probe PAGE COPY | dom DUMP WIDTH | pictures LIGHT DARK: the parts of test_report.sh."""

import json
import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

PROBE = """<script>
const wide = [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && !e.closest('svg') && !e.closest('.skip') &&
    e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '#' + e.id);
const clipped = [...document.querySelectorAll('figure svg')].flatMap(svg => { const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
        return r.width && (r.left < box.left - 2 || r.right > box.right + 2 || r.bottom > box.bottom + 2); }).map(t => t.textContent); });
document.title = 'probe' + JSON.stringify({wide, clipped, scroll: document.documentElement.scrollWidth - innerWidth});
</script>"""


def require(condition, what):
    if not condition:
        sys.exit(f"the page: {what}")


class Outline(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.labelled, self.headings, self.lang = Counter(), Counter(), [], [], None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags[tag] += 1
        if "id" in attributes:
            self.ids[attributes["id"]] += 1
        self.labelled += attributes.get("aria-labelledby", "").split()
        if tag == "html":
            self.lang = attributes.get("lang")
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name) or ""
            require(not re.match(r"[a-z]+:|//", value), f"refers to {value}")
        if tag == "svg":
            require(attributes.get("role") == "img" and attributes.get("aria-labelledby"), "a figure has no name")
        if tag == "th":
            require(attributes.get("scope"), "a heading cell has no scope")


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055)**2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text):
    """By WCAG 2.1: 4.5 for text, 3 for lines of figures; in light, dark and print."""
    themes = [dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", text, re.S)]
    require(len(themes) == 3, "lacks a theme")
    for colours in themes:
        for paper in ("paper", "panel"):
            for name in ("ink", "faint", "warn", "link", "good", *(f"series-{i}" for i in range(1, 7))):
                low, high = sorted((luminance(colours[name]), luminance(colours[paper])))
                needed = 3 if name.startswith("series") else 4.5
                require((high + 0.05) / (low + 0.05) >= needed, f"{name} {colours[name]} is hard to see on {colours[paper]}")


def static(page):
    text = Path(page).read_text()
    outline = Outline()
    outline.feed(text)
    require(outline.lang == "en", "no language")
    require('<a class="skip" href="#content">' in text and outline.ids["content"] == 1, "nothing leads past the navigation")
    require(text.count('class="scroll') == text.count('tabindex="0" role="region" aria-label="'), "what scrolls cannot be reached by keyboard")
    contrast(text)
    require(outline.tags["h1"] == 1 and outline.tags["main"] == 1 and outline.tags["nav"] == 1, "no landmarks")
    require(all(count == 1 for count in outline.ids.values()), f"ids occur twice: {outline.ids.most_common(3)}")
    require(all(name in outline.ids for name in outline.labelled), "a label is missing")
    require(outline.tags["svg"] >= 5 + 4 * 3, f"only {outline.tags['svg']} figures")
    require(text.count("What it means.") >= 4 + 3, "a section does not say what it means")
    require("url(http" not in text and "@import" not in text and "<script" not in text, "fetches something")
    require(not re.search(r">\s*(nan|None|inf)\s*<", text), "shows a number that is none")
    require(not re.search(r"#0[0-9a]0[0-9a]0[0-9]\b", text), "a colour is left that does not follow the theme")


def probe(page, copy):
    Path(copy).write_text(Path(page).read_text().replace("</body>", PROBE + "</body>"))


def dom(dump, width):
    found = re.search(r"<title>probe(.*?)</title>", Path(dump).read_text(), re.S)
    require(found, "the probe did not run")
    report = json.loads(found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    require(not report["wide"] and report["scroll"] <= 0, f"is wider than {width}: {report['wide'][:5]}")
    require(not report["clipped"], f"cuts off text of figures: {report['clipped'][:5]}")


def pictures(light, dark):
    from PIL import Image

    def background(file):
        picture = Image.open(file).convert("RGB")
        require(len(picture.getcolors(1 << 24)) > 50, f"{file} is blank")
        return sum(picture.getpixel((2, 2)))

    require(background(light) > 600, "is not light")
    require(background(dark) < 150, "is not dark")


if __name__ == "__main__":
    {"static": static, "probe": probe, "dom": dom, "pictures": pictures}[sys.argv[1]](*sys.argv[2:])
