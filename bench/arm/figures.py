#!/usr/bin/env python3
"""How good the Arm kernels are, without Arm hardware: cycles per multiply-add of the hot loops by a model of the core, and executed
instructions per multiply-add of whole layers. HACKING.md says how to read them. ./dev bench arm runs this."""

import argparse
import glob
import json
import os
import re
import sys
import tempfile

from cycles import CPUS, loop_figures
from instructions import Emulator, build_plugin, layer_figures

# What must not be lost: cycles per multiply-add on the first of CPUS at most this, without access to the stack or copies of lanes.
# Two multiply-adds a cycle, 0.5, is that core's limit.
FLOORS = [
    ('gemm', 'fp32', r'\d+x2', 0.52),
    ('gemm', 'fp32', r'\d+x1', 0.52),
    ('gemm', 'half', r'\d+x2', 0.52),
    ('gemm', 'half', r'\d+x1', 0.52),
    ('gemm', 'widening', r'\d+x1', 0.52),
    ('depthwise', 'fp32', '3x3s1', 0.62),
    ('depthwise', 'fp32', '5x5s1', 0.62),
    ('depthwise', 'half', '3x3s1', 0.62),
    ('depthwise', 'half', '5x5s1', 0.62),
]


def broken_floors(loops):
    """A sentence for each floor that a loop is above, or that no loop is for."""
    broken = []
    for compiler in sorted({loop['compiler'] for loop in loops}):
        for operator, arithmetic, tile, limit in FLOORS:
            found = [loop for loop in loops if (loop['compiler'], loop['operator'], loop['arithmetic'])
                     == (compiler, operator, arithmetic) and re.fullmatch(tile, loop['tile'])]
            what = f'{compiler}: {operator} {arithmetic}'
            if not found:
                broken.append(f'{what} {tile}: no such loop was found')
            for loop in found:
                cycles = loop['cycles'][CPUS[0]]
                if cycles > limit:
                    broken.append(f'{what} {loop["tile"]}: {cycles} cycles a multiply-add, not at most {limit}')
                if loop['stack_accesses'] or loop['lane_copies']:
                    broken.append(f'{what} {loop["tile"]}: accesses the stack or copies lanes in the loop')
    return broken


def print_table(file, title, header, rows):
    print(f'\n{title}\n', file=file)
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = [str(cell).rjust(width) if isinstance(cell, (int, float)) else str(cell).ljust(width)
                 for cell, width in zip(row, widths)]
        print('  '.join(cells).rstrip(), file=file)


def print_figures(file, loops, layers):
    print_table(
        file, 'Hot loops: cycles per multiply-add instruction by llvm-mca, and what the loop holds',
        ['compiler', 'backend', 'operator', 'arithmetic', 'tile', *CPUS, 'multiply-adds', 'instructions', 'stack', 'lane copies',
         'moves'],
        [[r['compiler'], r['backend'], r['operator'], r['arithmetic'], r['tile'], *(r['cycles'][cpu] for cpu in CPUS),
          r['multiply_adds'], r['instructions'], r['stack_accesses'], r['lane_copies'], r['register_moves']] for r in loops])
    if layers:
        print_table(
            file, 'Whole layers: executed instructions per multiply-add of the layer, by qemu; a vector instruction does 4 or 8',
            ['compiler', 'layer', 'precision', 'kernel', 'multiply-adds', 'instructions', 'per multiply-add'],
            [[r['compiler'], r['layer'], r['precision'], r['kernel'], r['multiply_adds'], r['instructions'],
              r['instructions_per_multiply_add']] for r in layers])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', action='append', required=True, metavar='NAME=FOLDER',
                        help='a build for 64-bit Arm with the target sixfold_arm_layer, and the name of its compiler')
    parser.add_argument('--out', required=True, help='a folder for arm.txt and arm.json')
    parser.add_argument('--objdump', default='llvm-objdump-19')
    parser.add_argument('--mca', default='llvm-mca-19')
    parser.add_argument('--qemu', default='qemu-aarch64', help='must be linked dynamically, for its plugin')
    parser.add_argument('--sysroot', default='/usr/aarch64-linux-gnu')
    parser.add_argument('--no-layers', action='store_true', help='the loops alone')
    return parser.parse_args()


def main():
    args = arguments()
    loops, layers = [], []
    with tempfile.TemporaryDirectory() as work:
        emulator = None if args.no_layers else Emulator(args.qemu, args.sysroot, build_plugin(work))
        for name, folder in (build.split('=', 1) for build in args.build):
            for path in sorted(glob.glob(f'{folder}/CMakeFiles/sixfold_neon*.dir/arch/*/table.cpp.o')):
                backend = os.path.basename(os.path.dirname(path))
                loops += loop_figures(args.objdump, args.mca, path, backend, name)
            if emulator:
                layers += layer_figures(emulator, f'{folder}/bench/arm/sixfold_arm_layer', name)
    os.makedirs(args.out, exist_ok=True)
    with open(f'{args.out}/arm.json', 'w') as file:
        json.dump({'loops': loops, 'layers': layers}, file, indent=1)
    with open(f'{args.out}/arm.txt', 'w') as file:
        print_figures(file, loops, layers)
    print_figures(sys.stdout, loops, layers)
    broken = broken_floors(loops)
    for sentence in broken:
        print(f'Lost: {sentence}', file=sys.stderr)
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
