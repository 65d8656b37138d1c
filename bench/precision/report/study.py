"""Sections about single layers: what sixfold-precision measured."""

import re

from page import figure, means, number, table
from plots import Plot


class Measurements:
    """Google Benchmark's JSON of sixfold-precision, by experiment: family/backend/.../parameter:value."""

    def __init__(self, document):
        self.context = document["context"]
        self.rows = []
        for each in document["benchmarks"]:
            parts = each["name"].split("/")[:-1]
            name, value = parts[-1].split(":")
            self.rows.append({"family": parts[0], "keys": parts[2:-1], "parameter": name, "value": float(value), "label": each["label"], **each})

    def series(self, family, *keys):
        """(values of the parameter, measurements), for one family and its keys."""
        rows = [row for row in self.rows if row["family"] == family and row["keys"] == list(keys)]
        return [row["value"] for row in rows], rows

    def keys(self, family, position):
        return list(dict.fromkeys(row["keys"][position] for row in self.rows if row["family"] == family))


def finite(rows, counter):
    return [None if row["overflows"] == row["count"] else row[counter] for row in rows]


def at(xs, rows, x):
    return next((row for value, row in zip(xs, rows) if value == x), None)


MODES = {"single": "fp32", "acc32": "fp16, sums in fp32", "blocked": "fp16, blocked sums", "acc16": "fp16, sums in fp16"}


def activations(page, data):
    kinds = data.keys("scale", 0)
    error = Plot("Mean absolute error of activations against the scale of their inputs",
                 "Both axes logarithmic. ReLU and other unbounded activations grow in proportion; ReLU6, sigmoid and tanh fall.")
    left = Plot("Distinct results against the scale of the inputs",
                "Of 20000 inputs. Unbounded activations keep thousands of distinct values, bounded ones lose them.")
    shown = ["relu", "relu6", "hard_swish", "sigmoid", "gelu_erf"]
    for plot, counter in ((error, "mean_absolute"), (left, "distinct")):
        for kind in [k for k in kinds if k not in shown] + [k for k in shown if k in kinds]:
            xs, rows = data.series("scale", kind)
            ys = [y if y else None for y in finite(rows, counter)]
            plot.line(xs, ys, kind if kind in shown else None, faint=kind not in shown)
        plot.axes.set(xscale="log", yscale="log", xlabel="largest input magnitude")
    error.axes.set_ylabel("mean absolute error")
    error.axes.set_ylim(bottom=1e-9)
    left.axes.set_ylabel("distinct results")

    rows = []
    for kind in kinds:
        xs, found = data.series("scale", kind)
        for row, x in zip(found, xs):
            if x in (1, 10, 100, 1000, 10000, 100000):
                bad = f'<span class="bad">{row["overflows"]:,.0f}</span>' if row["overflows"] else "0"
                rows.append([kind, number(x), number(row["largest_absolute"]), number(row["mean_absolute"]),
                             number(row["largest_relative"]), number(row["mean_ulp"]), f'{row["distinct"]:,.0f}', bad])
    heads = ["activation", "scale", "largest error", "mean error", "largest relative", "mean ulp", "distinct", "overflows"]

    xs, relu = data.series("scale", "relu")
    _, relu6 = data.series("scale", "relu6")
    advantages = [[number(x), number(a["largest_absolute"]), number(b["largest_absolute"]),
                   number(a["mean_absolute"] / b["mean_absolute"]) if b["mean_absolute"] else "∞", f'{a["overflows"]:,.0f}',
                   f'{b["overflows"]:,.0f}'] for x, a, b in zip(xs, relu, relu6)]
    top = next((r for r in reversed(list(zip(xs, relu, relu6))) if r[2]["mean_absolute"]), None)
    gain = number(top[1]["mean_absolute"] / top[2]["mean_absolute"]) if top else "?"
    page.section(
        "activations", "Activations while their inputs grow",
        "<p>Real numbers spread evenly from −scale to scale are rounded to fp16, go through an activation, and are rounded again. "
        "The error is against the true value of the real number.</p>",
        figure(error, "act-error", "Error of each activation. Thin lines are activations not named in the legend; all are in the table.",
               table("Every activation at six scales", heads, rows)),
        figure(left, "act-distinct", "How many different values are left: what a bounded activation gains in error it pays in resolution "
               "of large inputs, which it maps to its bound."),
        table("ReLU6 against ReLU, both kept in fp16",
              ["scale", "largest error, ReLU", "largest error, ReLU6", "mean error, ReLU / ReLU6", "overflows, ReLU", "overflows, ReLU6"],
              advantages),
        means(f"After ReLU the error grows with the input, and beyond 65504 a value becomes infinite. After ReLU6 no result is ever further "
              f"than 2<sup>−9</sup> = 0.00195 from the truth, whatever comes in: at a scale of {number(top[0]) if top else '?'} its mean error is "
              f"{gain} times smaller than that of ReLU. This is why networks for phones bound their activations."))


def accumulation(page, data):
    modes = data.keys("accumulation", 0)
    parts = []
    for weights, what in (("signed", "weights of both signs"), ("positive", "positive weights")):
        plot = Plot(f"Mean error of a sum against its length, {what}",
                    "Both axes logarithmic. Sums in fp16 grow with their length, blocked sums hardly, sums in fp32 not at all.", height=3.6)
        rows = []
        for mode in modes:
            xs, found = data.series("accumulation", mode, weights)
            plot.line(xs, finite(found, "mean_absolute"), MODES.get(mode, mode))
            rows += [[MODES.get(mode, mode), f"{x:.0f}", number(r["mean_absolute"]), number(r["largest_absolute"]), number(r["mean_ulp"]),
                      f'{r["overflows"]:,.0f}'] for x, r in zip(xs, found)]
        plot.axes.set(xscale="log", yscale="log", xlabel="multiply-adds of a sum", ylabel="mean absolute error")
        plot.axes.set_xticks([9, 32, 128, 512, 2048, 4096], ["9", "32", "128", "512", "2048", "4096"], minor=False)
        plot.axes.minorticks_off()
        parts.append(figure(plot, f"acc-{weights}", f"Inputs from 0 to 6, as after ReLU6; {what}, scaled so that a sum has the size "
                            "it has in networks." if weights == "signed" else
                            "The same with positive weights: no term cancels another, so that sums grow with the root of their length.",
                            table(f"Sums, {what}", ["arithmetic", "length", "mean error", "largest error", "mean ulp", "overflows"], rows)))
    xs, large = data.series("accumulation", modes[-1], "large")
    over = next((f"{x:.0f}" for x, row in zip(xs, large) if row["overflows"]), None)
    overflow = f" With weights up to 10.7 the first sums overflow at a length of {over}." if over else ""

    def mean(mode, length):
        row = at(*data.series("accumulation", mode, "signed"), length)
        return row["mean_absolute"] if row else None

    ratio = ""
    if "acc16" in modes and mean("acc16", 1024) and mean("blocked", 1024):
        ratio = (f" At 1024 steps the mean error in fp16 is {number(mean('acc16', 1024) / mean('acc32', 1024))} times that of sums in fp32, "
                 f"in blocks of 32 it is {number(mean('blocked', 1024) / mean('acc32', 1024))} times.")
    page.section("accumulation", "Sums of 9 to 4096 products", *parts,
                 means("Half storage with sums in fp32 costs one rounding, whatever the length. Sums in fp16 lose a little at every step. "
                       "Adding each 32 steps into an fp32 total stops that growth at nearly the same speed." + ratio + overflow))


def batch_norm(page, data):
    plot = Plot("Signal to noise of batch norm against the variance of what it normalises",
                "Four ways to do it. Folded ones stay level; those that store their sums in fp16 first lose a little.", height=3.6)
    rows = []
    for way in data.keys("batch_norm", 0):
        xs, found = data.series("batch_norm", way)
        label = way.replace("_folded", " the activation, folded").replace("_apart", " the activation, apart")
        plot.line([max(x, 1e-10) for x in xs], [row.get("signal_to_noise_dB") for row in found], label)
        rows += [[label, number(x), number(row["mean_absolute"]), number(row["largest_absolute"]), f'{row["distinct"]:,.0f}'] for x, row in zip(xs, found)]
    plot.axes.set(xscale="log", xlabel="variance (0 is drawn at 10$^{-10}$)", ylabel="signal to noise, dB")
    worst = min((folded.get("signal_to_noise_dB", 999) - apart.get("signal_to_noise_dB", 999)
                 for position in ("before", "after")
                 for folded, apart in zip(data.series("batch_norm", position + "_folded")[1], data.series("batch_norm", position + "_apart")[1])),
                default=0)
    claim = "is never worse than running it by itself" if worst > -0.05 else f"loses up to {number(-worst)} dB against running it by itself"
    page.section("batch-norm", "Batch norm: before or after, folded or not",
                 figure(plot, "norm", "A pointwise layer of 64 inputs, batch norm with ε = 10<sup>−5</sup>, ReLU6, in half storage with sums in fp32.",
                        table("Batch norm", ["way", "variance", "mean error", "largest error", "distinct"], rows)),
                 means(f"Folding batch norm into the layer {claim}, and saves a rounding and a pass over memory. A variance near zero does no "
                       "harm: ε bounds the factor, and folding is done in double before the one rounding to fp16. A constant channel "
                       "(variance 0) leaves one value, its shift."))


def bottleneck(page, data):
    plot = Plot("Mean error after four bottleneck blocks against the range that enters the first activation",
                "Both axes logarithmic, half storage with sums in fp32. With ReLU between, the error grows with the range.", height=3.6)
    labels = {"relu6_linear": "ReLU6, linear", "relu6_relu6": "ReLU6, ReLU6", "relu_linear": "ReLU, linear", "relu_relu6": "ReLU, ReLU6"}
    rows = []
    for variant in data.keys("bottleneck", 1):
        xs, found = data.series("bottleneck", "acc32", variant)
        plot.line(xs, finite(found, "mean_absolute"), labels.get(variant, variant))
        for mode in data.keys("bottleneck", 0):
            xs, found = data.series("bottleneck", mode, variant)
            rows += [[labels.get(variant, variant), MODES.get(mode, mode), number(x), number(row["mean_absolute"]), f'{row["distinct"]:,.0f}',
                      f'{row["overflows"]:,.0f}'] for x, row in zip(xs, found)]
    plot.axes.set(xscale="log", yscale="log", xlabel="range of what enters the first activation", ylabel="mean absolute error")

    def distinct(variant):
        row = at(*data.series("bottleneck", "acc32", variant), 300)
        return row["distinct"] if row else 0

    kept, left = distinct("relu6_linear"), distinct("relu6_relu6")
    page.section("bottleneck", "The linear bottleneck of MobileNetV2",
                 figure(plot, "bottleneck", "Expansion to 144 channels, activation, projection to 24; four times. The first word is the activation "
                        "after the expansion, the second that after the projection.",
                        table("Bottleneck blocks", ["activations", "arithmetic", "range", "mean error", "distinct", "overflows"], rows)),
                 means("ReLU6 after the expansion bounds everything that follows, so that the linear projection needs no bound of its own: the error "
                       f"stays the same while the range grows ten thousand times. A ReLU6 after the projection as well would cut {kept:,.0f} "
                       f"distinct outputs to {left:,.0f}, which is information that the narrow tensor cannot spare."))
