"""The page's pieces: paragraphs, tables, figures."""

from html import escape
from pathlib import Path


def number(value, digits=3):
    """Short, for people."""
    if value is None:
        return "∞"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}·10<sup>{int(exponent)}</sup>".replace("-", "−")


def percent(value):
    return "∞" if value is None else f"{number(100 * value)} %"


def table(caption, heads, rows, text_columns=(0,)):
    """`rows` hold HTML. The first column heads its row. Wide tables scroll, by keyboard too."""

    def cell(tag, i, content, scope=""):
        kind = ' class="text"' if i in text_columns else ""
        return f"<{tag}{scope}{kind}>{content}</{tag}>"

    head = "".join(cell("th", i, h, ' scope="col"') for i, h in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(cell("th", i, c, ' scope="row"') if i == 0 else cell("td", i, c) for i, c in enumerate(row)) + "</tr>"
        for row in rows)
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"><table>'
            f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")


def figure(plot, name, caption, data=""):
    """A plot with its caption, and its numbers as a table for those who cannot see it. On a phone it scrolls, lest its text be tiny."""
    numbers = f"<details><summary>The numbers of this figure</summary>{data}</details>" if data else ""
    scrolls = f'<div class="scroll plot" tabindex="0" role="region" aria-label="{escape(plot.title, quote=True)}">{plot.svg(name)}</div>'
    return f"<figure>{scrolls}<figcaption>{caption}</figcaption></figure>{numbers}"


def means(text):
    return f'<p class="means"><strong>What it means.</strong> {text}</p>'


class Page:
    def __init__(self, title, intro):
        self.title, self.intro, self.sections = title, intro, []

    def section(self, name, heading, *parts):
        self.sections.append((name, heading, "\n".join(part for part in parts if part)))

    def html(self, footer):
        style = (Path(__file__).parent / "page.css").read_text()
        links = "".join(f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, heading, _ in self.sections)
        body = "".join(f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(heading)}</h2>{content}</section>'
                       for name, heading, content in self.sections)
        return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(self.title)}</title>'
                f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head><body>'
                f'<a class="skip" href="#content">Skip to the content</a><header><h1>{escape(self.title)}</h1>{self.intro}'
                f'<nav aria-label="Sections"><ul>{links}</ul></nav></header><main id="content">{body}</main>'
                f"<footer>{footer}</footer></body></html>\n")
