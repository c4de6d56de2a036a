"""The drug names of self-administered-drug lists, as contractors write them into article_x_code_table.brand_name.

One field may hold several names on lines of their own, marks, and instructions ("Note: If billed under ...").
"""

import re

from policies.imports.html_text import lines_of, shorten
from policies.licensed_numbers import holds_licensed_number

LONGEST_LABEL = 300
_LONGEST_NAME = 120

_MARKS = re.compile(r"\s*[®™*†‡]+")
_INSTRUCTION = re.compile(
    r"[(*\s]*(?:"
    r"(?:notes?|special instructions?|if (?:billed|billing|being)|(?:this )?can (?:also )?be|also billed)\b"
    r"|(?:currently billed|see under|see also|removing|use modifier|prior to)\b|effective \d|end dat|\([A-Z]\d{4}\b)",
    re.IGNORECASE,
)
_INSTRUCTION_IN_LINE = re.compile(r"(?<=\S)\s*\*?\s*(?=\bNote:|\(use modifier\b)")


def read_brand_name(text: str) -> tuple[str, str, int]:
    """The names in one line of at most 300 characters, the instructions, and how many lines were left out.

    Lines that hold a CPT or CDT number are left out. Where instructions come first, the names are what follows them.
    """
    lines = [part.strip() for line in lines_of(text) for part in _INSTRUCTION_IN_LINE.split(line)]
    lines = [line for line in lines if line]
    kept = [line for line in lines if not holds_licensed_number(line)]
    names, instructions = [], []
    have_ended = False
    for position, line in enumerate(kept):
        if _INSTRUCTION.match(line) or (position and len(line) > _LONGEST_NAME):
            have_ended = bool(names)
            instructions.append(line)
        else:
            (instructions if have_ended else names).append(line)
    label = ""
    for name in (_MARKS.sub("", name).strip(" \t,;") for name in names):
        if name.strip("."):
            label += f"{' ' if name.startswith('(') else ', '}{name}" if label else name
    return shorten(label, LONGEST_LABEL), " ".join(instructions), len(lines) - len(kept)
