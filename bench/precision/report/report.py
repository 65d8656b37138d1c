#!/usr/bin/env python3
"""report.py OUTPUT.html PRECISION.json NETWORK.json...

Makes one self-contained page of what sixfold-precision (--benchmark_out) and `sixfold-net --precision --json` measured."""

import json
import sys
from html import escape
from pathlib import Path

import networks
import study
from page import Page


def main(output, precision, *network_files):
    data = study.Measurements(json.loads(Path(precision).read_text()))
    nets = [json.loads(Path(file).read_text()) for file in network_files]
    page = Page("What half precision does to a network",
                "<p>Measured with Sixfold: single layers and whole networks in fp16, against the truth and against fp32. “fp16, sums in "
                "fp16” is what the half arithmetic of a phone computes, value for value.</p>")
    if nets:
        networks.overview(page, nets)
    study.activations(page, data)
    study.accumulation(page, data)
    study.batch_norm(page, data)
    study.bottleneck(page, data)
    for i, net in enumerate(nets):
        networks.network(page, net, i + 1)
    context = data.context
    footer = f"<p>Sixfold {escape(context['sixfold'])}, {escape(context['compiler'])}, {escape(context['cpu'])}, {escape(context['date'])}.</p>"
    Path(output).write_text(page.html(footer))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
