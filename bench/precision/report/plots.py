"""Plots as SVG that follow the page: text stays text, and colours are the page's variables, so that light, dark and print
differ in the style sheet alone."""

import io
import re

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)

# Stand-ins that matplotlib writes into the file, and what the page puts in their place.
INK, FAINT, GRID, WARN = "#010101", "#020202", "#030303", "#040404"
SERIES = ["#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04", "#0a0a05", "#0a0a06"]
VARIABLES = {INK: "--ink", FAINT: "--faint", GRID: "--grid", WARN: "--warn"}
VARIABLES.update({colour: f"--series-{i + 1}" for i, colour in enumerate(SERIES)})
# Lines differ by more than colour.
STYLES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P"]

plt.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "sixfold", "font.family": "sans-serif", "font.size": 11,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT, "xtick.color": INK, "ytick.color": INK,
    "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.8, "axes.axisbelow": True, "figure.facecolor": "none",
    "axes.facecolor": "none", "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
})


class Plot:
    """One figure. `title` and `description` are what a screen reader says of it."""

    def __init__(self, title, description, width=8.4, height=4.0):
        self.title, self.description = title, description
        self.figure, self.axes = plt.subplots(figsize=(width, height), layout="constrained")
        self.count = 0

    def line(self, xs, ys, label, faint=False, marker=True):
        points = [(x, y) for x, y in zip(xs, ys) if y is not None]
        if not points:
            return
        number = self.count % len(SERIES)
        style = dict(color=FAINT, linewidth=1, alpha=0.8) if faint else dict(
            color=SERIES[number], linewidth=2, linestyle=STYLES[number], marker=MARKERS[number] if marker else None,
            markersize=4.5)
        self.count += 0 if faint else 1
        self.axes.plot(*zip(*points), label=label, **style)

    def threshold(self, y, text):
        self.axes.axhline(y, color=WARN, linewidth=1.5, linestyle=(0, (4, 2)))
        self.axes.annotate(text, (1, y), xycoords=("axes fraction", "data"), xytext=(0, 4), textcoords="offset points", ha="right", va="bottom",
                           color=WARN)
        self.axes.margins(y=0.12)

    def svg(self, name):
        """The SVG element, with ids of its own so that several fit one page."""
        handles = [axes.get_legend_handles_labels() for axes in self.figure.axes]
        lines, labels = (sum(part, []) for part in zip(*handles))
        if labels:
            self.axes.legend(lines, labels, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=4 if max(map(len, labels)) < 22 else 2)
        stream = io.StringIO()
        self.figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        plt.close(self.figure)
        svg = stream.getvalue()
        svg = svg[svg.index("<svg"):]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
        svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
        svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
        svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
        svg = re.sub(r"font: ([^;\"]*?)'[^;\"]*", r"font: \1sans-serif", svg)
        for colour, variable in VARIABLES.items():
            svg = svg.replace(colour, f"var({variable})")
        # Text without a colour of its own is black.
        svg = svg.replace("<svg ", f'<svg role="img" aria-labelledby="{name}-title {name}-description" ', 1)
        head = f'<title id="{name}-title">{self.title}</title><desc id="{name}-description">{self.description}</desc>'
        return re.sub(r"(<svg[^>]*>)", lambda found: found.group(1) + head, svg, count=1)
