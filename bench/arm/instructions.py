"""How many instructions whole layers execute, counted by a plugin of qemu-user."""

import json
import os
import subprocess
import tempfile


def build_plugin(folder):
    """Compiles count_plugin.c for this machine."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'count_plugin.c')
    plugin = os.path.join(folder, 'count_plugin.so')
    subprocess.run(['cc', '-O2', '-Wall', '-shared', '-fPIC', '-o', plugin, source], check=True)
    return plugin


class Emulator:
    def __init__(self, qemu, sysroot, plugin):
        self.command = [qemu, '-cpu', 'max', '-L', sysroot]
        self.plugin = plugin

    def output(self, *arguments):
        return subprocess.run([*self.command, *arguments], check=True, capture_output=True, text=True).stdout

    def count(self, *arguments):
        """(what the program printed, the instructions that it executed)"""
        with tempfile.NamedTemporaryFile('r') as log:
            result = subprocess.run([*self.command, '-plugin', self.plugin, '-d', 'plugin', '-D', log.name, *arguments],
                                    check=True, capture_output=True, text=True)
            return result.stdout, int(log.read())


def layer_figures(emulator, program, compiler):
    """One record a layer, precision and backend. What is done once, such as packing weights, is in one run and in two, and so not in
    the difference."""
    records = []
    for line in emulator.output(program, '--list').splitlines():
        layer, precision, backend = line.split()
        description, once = emulator.count(program, layer, precision, backend, '1')
        _, twice = emulator.count(program, layer, precision, backend, '2')
        about = json.loads(description)
        records.append({
            'compiler': compiler, 'backend': backend, 'layer': layer, 'precision': precision, 'kernel': about['kernel'],
            'multiply_adds': about['multiply_adds'], 'instructions': twice - once,
            'instructions_per_multiply_add': round((twice - once) / about['multiply_adds'], 4),
        })
    return records
