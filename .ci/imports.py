"""The imports between the modules of the Rust sources, read from `use` declarations and paths, with re-exports followed."""

import re
from collections import defaultdict

PATH = re.compile(r"\b(?:crate|super|self|[a-z]\w*)(?:::\w+)+")
USE = re.compile(r"(?m)^[ \t]*((?:pub(?:\([^)]*\))? )?)use ([^;<]+);")


def leaves(tree, prefix=()):
    """The paths of a use tree, each with its name: `a::{b, c::d as e}` has `a::b` as `b` and `a::c::d` as `e`."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if not brace:
        path, _, name = tree.partition(" as ")
        path = tuple(part.strip() for part in path.split("::"))
        path = prefix + (path[:-1] if path[-1] == "self" and prefix else path)
        yield path, name.strip() or path[-1]
        return
    prefix += tuple(part.strip() for part in head.split("::") if part.strip())
    depth, begin, body = 0, 0, rest.rstrip().removesuffix("}")
    for at, char in enumerate(body + ","):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            if body[begin:at].strip():
                yield from leaves(body[begin:at], prefix)
            begin = at + 1


def code(text):
    """A source without comments, strings and the tests at its end."""
    text = re.sub(r'//[^\n]*|r#"(?:.|\n)*?"#|"(?:\\.|[^"\\])*"', "", text)
    return re.sub(r"#\[cfg\(test\)\]\s*mod \w+ \{.*", "", text, flags=re.S)


class Imports:
    def __init__(self, sources):
        """`sources` has the text of each module by its path: `("shared", "store", "ledger")`."""
        self.sources = {module: code(text) for module, text in sources.items()}
        self.exports = {module: self._names(module, text) for module, text in self.sources.items()}

    def absolute(self, module, path):
        """A path as it is written in a module, from its crate on; or `None`, if it leads nowhere in these sources."""
        if path[0] == "crate":
            path = module[:1] + path[1:]
        elif path[0] in ("self", "super"):
            base = module
            while path and path[0] in ("self", "super"):
                base, path = (base[:-1] if path[0] == "super" else base), path[1:]
            path = base + path
        elif (*module, path[0]) in self.sources:
            path = module + path
        return path if path[:1] in self.sources else None

    def _names(self, module, text):
        """What the `use` declarations of a module bring into it, by name."""
        found = {}
        for _, tree in USE.findall(text):
            for path, name in leaves(tree):
                if absolute := self.absolute(module, path):
                    found[name] = absolute
        return found

    def owner(self, path, seen=()):
        """The module that defines what a path names."""
        module = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.sources), None)
        if module and len(path) > len(module) and path not in seen:
            exported = self.exports[module].get(path[len(module)])
            if exported and exported[: len(module) + 1] != path[: len(module) + 1]:
                return self.owner(exported, (*seen, path))
        return module

    def edges(self):
        """The modules that each module imports. The root of a crate lists its modules, and is none of them."""
        found = defaultdict(set)
        for module, text in self.sources.items():
            paths = set(self.exports[module].values())
            for written in PATH.findall(USE.sub("", text)):
                path = tuple(written.split("::"))
                if imported := self.exports[module].get(path[0]):
                    path = imported + path[1:]
                if absolute := self.absolute(module, path):
                    paths.add(absolute)
            owners = {self.owner(path) for path in paths}
            found[module] = {owner for owner in owners if owner and owner != module and len(owner) > 1 < len(module)}
        return found

    def cycles(self):
        """The circles of modules. A parent may import its children, and they may import it."""
        edges = self.edges()
        across = {module: {other for other in to if not is_family(module, other)} for module, to in edges.items()}
        circles = components(edges)
        wide = [circle for circle in circles if not any(is_above(module, circle) for module in circle)]
        return wide + [circle for circle in components(across) if not any(set(circle) <= set(known) for known in wide)]


def is_family(one, other):
    return one[: len(other)] == other or other[: len(one)] == one


def is_above(module, circle):
    return all(other[: len(module)] == module for other in circle)


def components(edges):
    """The strongly connected components of more than one module: Tarjan's algorithm."""
    index, low, stack, found = {}, {}, [], []

    def visit(module):
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(edges.get(module, ())):
            if other not in index:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == index[module]:
            circle = {stack.pop()}
            while module not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(sorted(circle))

    for module in sorted(edges):
        if module not in index:
            visit(module)
    return found
