"""Sections about whole networks: what `sixfold-net --precision` found."""

import math
from html import escape
from pathlib import Path

from page import figure, means, number, percent, table
from plots import FAINT, INK, SERIES, WARN, Plot


def named(text):
    return escape(Path(text).stem)


def share(value):
    """Of decisions: 99.98 must not become 100."""
    return f"{math.floor(10000 * value) / 100:g} %"


def errors_plot(net, kind, title):
    plot = Plot(title, "One line an arithmetic, over the layers in their order; the error axis is logarithmic.", height=3.6)
    for i, name in enumerate(net["accumulations"]):
        ys = [layer[kind][i]["relative"] for layer in net["layers"]]
        plot.line(range(len(ys)), [y if y else None for y in ys], f"sums in {name}", marker=False)
    if kind == "alone":
        plot.threshold(net["plan"]["threshold"], f"threshold, {percent(net['plan']['threshold'])}")
    plot.axes.set(yscale="log", xlabel="layer", ylabel="largest error / largest value")
    # A softmax at the end may be so exact that its one point would press all others together.
    plot.axes.set_ylim(bottom=max(plot.axes.get_ylim()[0], 1e-5))
    return plot


def sums_plot(net):
    plot = Plot("Bounds of partial sums, layer by layer", "Logarithmic, with the largest half, 65504, as a line. What is proved for every input "
                "lies above what is bounded for inputs as seen.", height=3.6)
    layers = [layer for layer in net["layers"] if layer["accumulates"]]
    for kind, label in (("observed", "for inputs like those seen"), ("proved", "proved for every input")):
        xs = [layer["index"] for layer in layers if layer[kind]]
        plot.line(xs, [layer[kind][-1]["largest_partial_sum"] for layer in layers if layer[kind]], label)
    plot.threshold(65504, "largest half, 65504")
    plot.axes.set(yscale="log", xlabel="layer", ylabel="largest partial sum")
    return plot


def histogram_plot(net):
    low = net["histogram_low_exponent"]
    bins = [sum(column) for column in zip(*(layer["histogram"] for layer in net["layers"]))]
    total = sum(bins)
    plot = Plot("Histogram of all activations by magnitude, with the grid of fp16 over it",
                "Bars by powers of two; below 2 to the -14 halves are subnormal and lose digits, beyond 65504 they end.", height=3.8)
    xs = range(low, low + len(bins) - 1)
    plot.axes.bar(xs, [100 * count / total for count in bins[1:]], color=SERIES[0], width=0.86, label="share of values")
    plot.axes.axvspan(low - 0.5, -14.5, color=FAINT, alpha=0.18, linewidth=0)
    plot.axes.axvspan(15.5, 16.5, color=WARN, alpha=0.25, linewidth=0)
    top = plot.axes.get_ylim()[1]
    plot.axes.text(-19.5, top * 0.93, "subnormal halves", ha="center", color=INK)
    plot.axes.text(15.3, top * 0.62, "overflow", ha="right", color=WARN)
    spacing = plot.axes.twinx()
    spacing.plot(range(-24, 16), [2.0**(max(x, -14) - 10) for x in range(-24, 16)], color=SERIES[1], drawstyle="steps-mid", linewidth=2,
                 linestyle="--", label="spacing of halves")
    spacing.set(yscale="log", ylabel="spacing of halves there")
    spacing.grid(False)
    plot.axes.set(xlabel="magnitude, as a power of two", ylabel="% of values", xlim=(low - 0.7, 16.7))
    spacing.set_yticks([2.0**-24, 2.0**-14, 2.0**-10, 2.0**-5, 1, 32], ["2$^{-24}$", "2$^{-14}$", "2$^{-10}$", "2$^{-5}$", "1", "32"])
    spacing.minorticks_off()
    ticks = list(range(-24, 17, 4))
    plot.axes.set_xticks(ticks, [f"2$^{{{t}}}$" for t in ticks])
    return plot, bins, total


def layer_table(net):
    heads = ["layer", "what"] + [f"{kind}, {name}" for name in net["accumulations"] for kind in ("own", "all")] + ["sums seen", "sums proved"]
    rows = []
    for layer in net["layers"]:
        row = [str(layer["index"]), escape(layer["layer"])]
        for alone, everything in zip(layer["alone"], layer["accumulated"]):
            row += [percent(alone["relative"]), percent(everything["relative"])]
        row += [number(layer[kind][-1]["largest_partial_sum"]) if layer[kind] else "" for kind in ("observed", "proved")]
        rows.append(row)
    return table("Every layer: largest error in % of its largest value, and the bound of its partial sums", heads, rows, (1,))


def mode_rows(net):
    over = {each["name"]: each for each in net["agreements"]}
    rows = []
    for mode in net["modes"]:
        bad = mode.get("first_bad")
        layer = net["layers"][bad["layer"]] if bad else None
        first = "none"
        if bad:
            found = bad["evidence"]
            first = (f'<span class="bad">{bad["layer"]}</span>, {escape(layer["layer"])}: {escape(bad["fault"])}; channel {found["channel"]} gives '
                     f'{number(found["actual"])} for {number(found["expected"])}. Cure: {escape(bad["cure"])}')
        each = over.get(mode["name"])
        decisions = f'{each["same_decision"]} of {each["inputs"]}' if each else ""
        rows.append([escape(mode["name"]), percent(mode["output"]["relative"]), share(mode["agreement"]), decisions,
                     share(each["mean_agreement"]) if each else "", first])
    return rows


def plan_table(net):
    rows = [[str(c["layer"]), escape(c["what"]), escape(c["accumulation"]), percent(c["expected_relative_error"]),
             "proved" if c["proved"] else "seen", escape(c["reason"])] for c in net["plan"]["layers"]]
    return table("The plan, layer by layer", ["layer", "what", "sums in", "expected error", "overflow", "why"], rows, (1, 5))


def summary(net):
    plan = net["plan"]["layers"]
    uses = {}
    for choice in plan:
        uses[choice["accumulation"]] = uses.get(choice["accumulation"], 0) + 1
    layers = [layer for layer in net["layers"] if layer["accumulates"]]
    safe = sum(1 for layer in layers if layer["proved"] and not layer["proved"][-1]["may_overflow"])
    text = f"{safe} of its {len(layers)} layers with sums are proved not to overflow, in sums in {net['accumulations'][-1]} or in results, for any input from {number(net['plan']['input_low'])} to {number(net['plan']['input_high'])}"
    if safe == len(layers):
        worst = max(layer["proved"][-1]["largest_partial_sum"] for layer in layers)
        text += f": no partial sum exceeds {number(worst)} of 65504. This network cannot overflow"
    text += ". The plan takes " + ", ".join(f"{count} layer{'s' if count > 1 else ''} with sums in {name}" for name, count in sorted(uses.items())) + "."
    return text


def network(page, net, number_of):
    name = f"net-{number_of}"
    histogram, bins, total = histogram_plot(net)
    subnormal = sum(bins[1:1 + (-14 - net["histogram_low_exponent"])]) / total
    planned = net["modes"][-1]
    agreed = net["agreements"][-1] if net["agreements"] else None
    decision = (f" Over {agreed['inputs']} pictures like it, the plan decides as fp32 does throughout in {agreed['same_decision']} of them; "
                f"{share(agreed['mean_agreement'])} of all decisions are equal." if agreed else "")
    page.section(
        name, f"Network: {Path(net['network']).stem}",
        f'<p class="note">Input: {escape(Path(net["input"].split(",")[0]).name + net["input"][len(net["input"].split(",")[0]):])}. {len(net["layers"])} layers, {len(net["plan"]["layers"])} of them with sums.</p>',
        table("Each way to run it, against fp32", ["arithmetic", "output error", "decisions equal", "inputs with all equal", "equal over all inputs", "first bad layer, and its cure"],
              mode_rows(net), (5,)),
        figure(errors_plot(net, "alone", "Error of each layer by itself"), f"{name}-own", "Each layer on exact inputs rounded to fp16: which layer suits fp16, and which does not."),
        figure(errors_plot(net, "accumulated", "Error of each layer with all that came before"), f"{name}-all", "All the way in fp16: what reaches the output."),
        figure(sums_plot(net), f"{name}-sums", "How near sums come to the end of fp16."),
        f"<details><summary>The numbers of these three figures, for every layer</summary>{layer_table(net)}</details>",
        figure(histogram, f"{name}-histogram", f"All values of all layers in fp32; {percent(bins[0] / total)} are exactly 0, and {percent(subnormal)} are so small that they are subnormal as halves."),
        f"<details><summary>The plan of all layers</summary>{plan_table(net)}</details>",
        means(summary(net) + f" Its output is then {percent(planned['output']['relative'])} off where it is worst." + decision))


def overview(page, nets):
    rows = []
    for net in nets:
        layers = [layer for layer in net["layers"] if layer["accumulates"]]
        safe = sum(1 for layer in layers if layer["proved"] and not layer["proved"][-1]["may_overflow"])
        verdict = '<span class="good">cannot overflow</span>' if safe == len(layers) else f"{safe} of {len(layers)} layers proved"
        planned, agreed = net["modes"][-1], net["agreements"][-1] if net["agreements"] else None
        rows.append([named(net["network"]), verdict, percent(planned["output"]["relative"]),
                     f'{agreed["same_decision"]} of {agreed["inputs"]}' if agreed else "", share(agreed["mean_agreement"]) if agreed else ""])
    page.section("overview", "At a glance",
                 table("Networks run by their plans", ["network", "overflow", "output error", "inputs with all decisions equal", "decisions equal"], rows, (1,)))
