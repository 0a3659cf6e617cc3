#!/usr/bin/env python3
"""names.py [--list]: figures on the names and modules of the Rust sources. It fails if one is worse than `.ci/names.txt` allows.

A name is *bare* if it is a single word that is a participle, an adverb, a pronoun or a preposition (`told`, `whole`, `of`): it
says neither what a type is nor what a function does.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from imports import Imports

ROOT = Path(__file__).resolve().parents[1]
LIMITS = Path(__file__).with_name("names.txt")

# English words that no rule finds.
PARTICIPLES = """
    been begun bound broken brought built bought caught chosen come cut dealt done drawn driven eaten fallen felt fed found
    forbidden forgotten forsaken frozen given gone grown had heard held hidden hung hurt kept known laid led left lent lost
    made meant met mistaken overspent paid proven put read ridden risen run said seen sent set shaken shown shut spent
    spoken spread stood stolen struck sworn swept taken taught thought thrown told torn understood unknown unseen woken won
    worn written doomed
""".split()
ADVERBS = """
    again ahead almost alone already always anywhere apart around aside away before behind beside besides beyond elsewhere
    enough ever everywhere first forth hence here how however indeed instead just last least less maybe more most never next
    not nowhere now often once only otherwise perhaps quite rather seldom since so somewhere soon still then thence there
    though thus together too twice very well when whence where whole why yet
""".split()
PRONOUNS = """
    all another any anybody anyone anything both each either everybody everyone everything few he her hers him his i it its
    itself many me mine my neither nobody none nothing one other others our ours she some somebody someone something such
    that their theirs them themselves these they this those us we what whatever which whichever who whoever whom whose you
    your yours
""".split()
PREPOSITIONS = """
    about above across after against along among at below beneath between by despite down during except for inside into like
    near of off on onto out outside over past per round than through throughout till to toward towards under until up upon
    via with within without
""".split()
IRREGULAR = {*PARTICIPLES, *ADVERBS, *PRONOUNS, *PREPOSITIONS}
# Words that the lists and the rules catch, and that Rust, HTTP or this field give a meaning; and nouns and verbs in `-ed` and `-ly`.
STANDARD = set(
    """
    all any by cut enabled from into next now put read run set then with
    anomaly apply assembly embed exceed family indeed proceed reply speed succeed supply
    """.split()
)

ITEM = re.compile(r"^\s*(?:pub(?:\([\w:\s]+\))?\s+)?(?:default\s+|const\s+|async\s+|unsafe\s+|extern\s+\"C\"\s+)*(fn|struct|enum|trait|type)\s+(\w+)")


def is_bare(name):
    words = re.findall(r"[A-Z]?[a-z0-9]+", name)
    if len(words) != 1:
        return False
    word = words[0].lower()
    if word in STANDARD:
        return False
    is_participle = len(word) > 4 and word.endswith("ed")
    is_adverb = len(word) > 4 and word.endswith("ly")
    return word in IRREGULAR or is_participle or is_adverb


def sources():
    listed = subprocess.run(["git", "ls-files", "*.rs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines() if (ROOT / line).exists()]


def items(path):
    """Every function and type of a file: its line, its kind and its name."""
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        # An indented `type` belongs to a trait, which names it.
        if (found := ITEM.match(line)) and not (found[1] == "type" and line[0].isspace()):
            yield number, "function" if found[1] == "fn" else "type", found[2]


def modules():
    """The sources of the workspace's libraries and programs, by their module paths."""
    found = {}
    for path in sources():
        if "src" in path.parts and "tests" not in path.parts and path.stem != "tests":
            at = path.parts.index("src")
            inside = [part for part in (*path.parts[at + 1 : -1], path.stem) if part not in ("lib", "mod")]
            # A program beside a library is a crate of its own. Cargo refuses circles of crates.
            crate = f"{path.parts[at - 1]}/main" if path.stem == "main" else path.parts[at - 1]
            found[(crate, *(part for part in inside if part != "main"))] = (ROOT / path).read_text()
    return found


def measured():
    """The figures, and what is behind each."""
    names, bare, homonyms, folders = defaultdict(int), defaultdict(list), defaultdict(list), defaultdict(list)
    for path in sources():
        for number, kind, name in items(path):
            names[kind] += 1
            if is_bare(name):
                bare[kind].append(f"{path}:{number}: {name}")
            if kind == "type" and "tests" not in path.parts:
                homonyms[name].append(f"{path}:{number}")
        if "tests" not in path.parts and path.stem not in ("lib", "main"):
            folders[path.parent].append(path.name)
    several = {name: places for name, places in homonyms.items() if len(places) > 1}
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in sources()}
    long = [f"{path}: {lines}" for path, lines in lengths.items() if lines > 400]
    circles = [", ".join("::".join(module) for module in circle) for circle in Imports(modules()).cycles()]
    large = {folder: modules for folder, modules in folders.items() if len(modules) > 15}
    return {
        "bare functions, per mille": (len(bare["function"]) * 1000 // names["function"], bare["function"]),
        "bare types, per mille": (len(bare["type"]) * 1000 // names["type"], bare["type"]),
        "type names with several meanings": (len(several), [f"{name}: {', '.join(at)}" for name, at in sorted(several.items())]),
        "import cycles": (len(circles), circles),
        "files over 400 lines": (len(long), long),
        "folders with more than 15 modules": (len(large), [f"{folder}: {len(of)}" for folder, of in sorted(large.items())]),
    }


def main():
    limits = dict(line.rsplit(": ", 1) for line in LIMITS.read_text().splitlines() if line and not line.startswith("#"))
    failed = 0
    for figure, (value, behind) in measured().items():
        most = int(limits.pop(figure))
        is_worse = value > most
        print(f"{'FAILED   ' if is_worse else 'measured: '}{figure}: {value}, at most {most}")
        if is_worse or "--list" in sys.argv[1:]:
            print("".join(f"    {line}\n" for line in behind), end="")
        failed |= is_worse
    assert not limits, f"names.txt has limits of unknown figures: {limits}"
    return failed


if __name__ == "__main__":
    sys.exit(main())
