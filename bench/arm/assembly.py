"""The hot loops of compiled kernels: disassembly, and what is in a loop that should not be."""

import re
import subprocess
from dataclasses import dataclass

BRANCH = re.compile(r'^(?:b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\w+,)\s*(?:0x)?([0-9a-f]+) <')
MULTIPLY_ADD = re.compile(r'^(fmla|fmlal|fmlal2)\s')
# What a multiply-add is, by its mnemonic and the form of its accumulator.
KINDS = {('fmla', '4s'): 'fp32', ('fmla', '8h'): 'half', ('fmlal', '4s'): 'widening', ('fmlal2', '4s'): 'widening'}


@dataclass
class Instruction:
    address: int
    text: str


@dataclass
class Function:
    name: str  # demangled
    instructions: list


@dataclass
class Loop:
    instructions: list
    frame_pointer: bool  # whether x29 is one, not a register as any other

    def texts(self):
        return [i.text for i in self.instructions]

    def multiply_adds(self):
        return sum(bool(MULTIPLY_ADD.match(text)) for text in self.texts())

    def kind(self):
        """The kind of most of its multiply-adds, or None."""
        found = {}
        for text in self.texts():
            match = re.match(r'(fmlal?2?)\s+v\d+\.(\w+)', text)
            kind = match and KINDS.get((match[1], match[2]))
            if kind:
                found[kind] = found.get(kind, 0) + 1
        return max(found, key=found.get) if found else None

    def stack_accesses(self):
        stack = re.compile(r'\[(sp|x29)\b' if self.frame_pointer else r'\[sp\b')
        return sum(bool(stack.search(text)) for text in self.texts())

    def lane_copies(self):
        """Broadcasts and moves of single lanes: multiply-adds by a lane need none."""
        return sum(bool(re.match(r'(dup|ins)\s|mov\s+v\d+\.\w+\[', text)) for text in self.texts())

    def register_moves(self):
        return sum(bool(re.match(r'mov\s+v\d+\.(16b|8b|4s|8h),', text)) for text in self.texts())


def functions(objdump, path):
    """All functions of an object file."""
    text = subprocess.run([objdump, '--disassemble', '--demangle', '--no-show-raw-insn', path], check=True, capture_output=True,
                          text=True).stdout
    result = []
    for line in text.splitlines():
        header = re.match(r'[0-9a-f]+ <(.*)>:$', line)
        if header:
            result.append(Function(header[1], []))
            continue
        match = re.match(r'\s*([0-9a-f]+):\s+(\S.*)', line)
        if match and result:
            instruction = re.sub(r'\s+', ' ', match[2].split('//')[0]).strip()
            result[-1].instructions.append(Instruction(int(match[1], 16), instruction))
    return result


def innermost_loops(function):
    """Those that contain no other loop and multiply-add."""
    places = {instruction.address: i for i, instruction in enumerate(function.instructions)}
    loops = []
    for end, instruction in enumerate(function.instructions):
        branch = BRANCH.match(instruction.text)
        begin = places.get(int(branch[1], 16)) if branch else None
        if begin is not None and begin <= end:
            loops.append((begin, end))
    innermost = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    frame_pointer = any(re.match(r'(mov|add) x29, sp\b', instruction.text) for instruction in function.instructions)
    found = [Loop(function.instructions[begin:end + 1], frame_pointer) for begin, end in innermost]
    return [loop for loop in found if loop.kind() is not None]


def template_arguments(name, template):
    """The arguments of `template` in a demangled name, as text; None if it is not an instance of it."""
    start = re.search(r'\b' + template + '<', name)
    if not start:
        return None
    arguments, depth, current = [], 0, ''
    for c in name[start.end():]:
        if c in '<(':
            depth += 1
        elif c in '>)':
            if depth == 0:
                return arguments + [current.strip()]
            depth -= 1
        if c == ',' and depth == 0:
            arguments.append(current.strip())
            current = ''
        else:
            current += c
    return None


def numbers(arguments):
    """Those of the arguments that are plain numbers."""
    return [int(a) for a in arguments if re.fullmatch(r'-?\d+', a)]
