"""How many cycles a multiply-add of a hot loop takes, by LLVM's model of a core."""

import re
import subprocess

from assembly import BRANCH, functions, innermost_loops, numbers, template_arguments

ITERATIONS = 200
CPUS = ('neoverse-n1', 'cortex-a55', 'cortex-a510')


def cycles_per_multiply_add(mca, cpu, loop):
    text = '\n'.join(BRANCH.sub(lambda m: m[0][:m.start(1)].rstrip('0x') + '.Lloop //', t) for t in loop.texts())
    # Not every model's core has all instructions; their cost is taken from its like.
    command = [mca, '-mtriple=aarch64-linux-gnu', '-mcpu=' + cpu, '-mattr=+fullfp16,+fp16fml', f'-iterations={ITERATIONS}']
    output = subprocess.run(command, input='.Lloop:\n' + text + '\n', check=True, capture_output=True, text=True).stdout
    total = int(re.search(r'Total Cycles:\s+(\d+)', output)[1])
    return total / ITERATIONS / loop.multiply_adds()


def most_multiply_adds(loops):
    return max(loops, key=lambda loop: loop.multiply_adds())


def without_epilogue(loops):
    """Compilers unroll a window's rows, and then the loop is over channels, with the activation in it. Of loops of one window, the
    activation's share is smallest in the shortest."""
    most = max(loop.multiply_adds() for loop in loops)
    return min((loop for loop in loops if loop.multiply_adds() > 0.75 * most), key=lambda loop: len(loop.instructions))


def hot_loop(function):
    """(operator, tile without its extent, extent, loop), where the extent is how many pixels the tile is high or wide; or None."""
    loops = [] if 'Emulated' in function.name else innermost_loops(function)
    product = template_arguments(function.name, 'gemm_tiles')
    if loops and product is not None:
        rows, vectors = numbers(product)[:2]
        return 'gemm', vectors, rows, most_multiply_adds(loops)
    for template in ('depthwise_tiles', 'accumulate_to_buffer'):
        window = template_arguments(function.name, template)
        if loops and window is not None:
            kernel, stride, columns = numbers(window)[:3]
            return 'depthwise', (kernel, stride), columns, without_epilogue(loops)
    return None


def hot_loops(objdump, path):
    """(operator, kind, tile) -> the loops of its instances in an object file. Of tiles of different extent only the largest: it does
    most of the work."""
    found = {}
    for function in functions(objdump, path):
        hot = hot_loop(function)
        if hot is None:
            continue
        operator, shape, extent, loop = hot
        found.setdefault((operator, loop.kind(), shape), {}).setdefault(extent, []).append(loop)
    result = {}
    for (operator, kind, shape), by_extent in found.items():
        extent = max(by_extent)
        loops = by_extent[extent]
        result[operator, kind, tile_name(operator, shape, extent)] = loops if operator == 'gemm' else [without_epilogue(loops)]
    return result


def tile_name(operator, shape, extent):
    if operator == 'gemm':
        return f'{extent}x{shape}'
    kernel, stride = shape
    return f'{kernel}x{kernel}s{stride}' if kernel else 'any'


def loop_figures(objdump, mca, path, backend, compiler):
    """One record a hot loop of a backend; where several instances have the same tile, the worst of each."""
    records = []
    for (operator, kind, tile), loops in sorted(hot_loops(objdump, path).items(), reverse=True):
        distinct = {tuple(loop.texts()): loop for loop in loops}.values()
        cycles = {cpu: max(cycles_per_multiply_add(mca, cpu, loop) for loop in distinct) for cpu in CPUS}
        records.append({
            'compiler': compiler, 'backend': backend, 'operator': operator, 'arithmetic': kind, 'tile': tile,
            'instances': len(loops),
            'multiply_adds': max(loop.multiply_adds() for loop in distinct),
            'instructions': max(len(loop.instructions) for loop in distinct),
            'stack_accesses': max(loop.stack_accesses() for loop in distinct),
            'lane_copies': max(loop.lane_copies() for loop in distinct),
            'register_moves': max(loop.register_moves() for loop in distinct),
            'cycles': {cpu: round(value, 3) for cpu, value in cycles.items()},
        })
    return records
