#!/usr/bin/env python3
"""plot.py RESULTS.json PLOT.svg: each layer's fraction of the machine's peak, one mark a library, from sixfold-peers' JSON."""
import json
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402


def groups_of(rows):
    """The layers of each group, in the order in which they were measured, as lists of titles."""
    groups = {}
    for row in rows:
        layers = groups.setdefault(row["group"], [])
        name = f'{row["title"]}  {row["shape"]}'
        if name not in layers:
            layers.append(name)
    return groups


def main(results, plot):
    with open(results, encoding="utf-8") as file:
        document = json.load(file)
    rows = [row for row in document["benchmarks"] if row["kind"] == "layer"]
    if not rows:
        print("There are no layers in " + results + ", and so there is no plot.")  # networks alone were asked for
        return
    libraries = list(dict.fromkeys(row["label"] for row in rows))
    groups = groups_of(rows)
    names = [name for layers in groups.values() for name in layers]
    height = {name: index for index, name in enumerate(reversed(names))}

    figure, axes = plt.subplots(figsize=(10, 2 + 0.17 * len(names)))
    for library, mark in zip(libraries, "oxs^D"):
        mine = [row for row in rows if row["label"] == library]
        axes.plot(
            [100 * row["peak_fraction"] for row in mine],
            [height[f'{row["title"]}  {row["shape"]}'] for row in mine],
            mark,
            markersize=4,
            label=f'{library} {document["context"]["library " + library]}',
        )
    axes.set_yticks(list(height.values()), list(height.keys()), fontsize=6)
    axes.set_ylim(-1, len(names))
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the peak of fp32 multiply-adds, measured around each sample")
    axes.set_title(f'{document["context"]["cpu"]}, {document["context"]["date"]}, one thread, fp32', fontsize=8)
    axes.grid(axis="x", linewidth=0.3)
    below = len(names)
    for layers in groups.values():
        below -= len(layers)
        axes.axhline(below - 0.5, color="0.8", linewidth=0.5)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.02), ncol=1, fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(plot)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
