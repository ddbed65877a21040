"""Source files written down name by name, and what linking makes of them."""

import hashlib

from batchio.syntax.parts import CALL, IMPORT, INHERIT, SYMBOL
from transforms.syntax.extraction import Call, Extraction, Import, Inherit
from transforms.syntax.link import link

DUMP = "dumps/a.json"
NOWHERE = {"target_id": 0, "via": -1, "rest_key": 0, "head_key": 0, "global_key": 0}
_FACTOR = 0xC2B2AE3D27D4EB4F


def key(text):
    """The key of a text, worked out apart from the code."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def name_key(name):
    """The key of a dotted name: that of its first part and a multiple of that of the rest."""
    head, _, rest = name.partition(".")
    return (key(head) + _FACTOR * name_key(rest)) % 2**64 if name else 0


def through(number, *, rest="", run=""):
    """The keys of a name that an import leads to, those that are not empty."""
    told = {"via": number}
    if rest:
        told |= {"rest_key": name_key(rest), "head_key": key(rest.partition(".")[0])}
    return told | ({"global_key": key(run)} if run else {})


def in_run(name):
    """The key of a name that the run may know."""
    return {"global_key": key(name)}


def rows(tuples, struct):
    names = [struct.field(number).name for number in range(struct.num_fields)]
    return [dict(zip(names, row, strict=True)) for row in tuples]


class File:
    """A source file; symbols are given as `kind name`, the name with all that it stands in."""

    def __init__(self, language, *symbols, path="lib/a"):
        self.out = Extraction(path, language)
        self.named = {}
        for symbol in symbols:
            self.define(symbol)

    def define(self, symbol, **facts):
        kind, _, name = symbol.partition(" ")
        outer = max(
            (each for each in self.named if name.startswith(f"{each}.")), key=len, default=""
        )
        last = name[len(outer) + 1 :] if outer else name
        self.named[name] = made = self.out.define(kind, last, self.named.get(outer))
        for fact, value in facts.items():
            setattr(made, fact, value)
        return self

    def take(self, module, name="", alias="", kind="import"):
        self.out.imports.append(Import(module, name, alias, kind, 1, module.startswith(".")))
        return self

    def extend(self, name, base, kind="extends"):
        self.out.inherits.append(Inherit(self.named[name], base, kind))
        return self

    def call(self, caller, *callees, receiver=""):
        for callee in callees:
            self.out.calls.append(Call(self.named.get(caller), callee, 1, 7, receiver))
        return self

    def link(self):
        return link(self.out, DUMP)

    def symbols(self):
        return rows(self.link().symbols, SYMBOL)

    def imports(self):
        return rows(self.link().imports, IMPORT)

    def calls(self):
        return rows(self.link().calls, CALL)

    def meanings(self):
        """What the calls mean: a qualified name in the file, else the keys that are not empty."""
        return [self._meaning(row) for row in self.calls()]

    def bases(self):
        """What the bases mean."""
        return [self._meaning(row) for row in rows(self.link().inherits, INHERIT)]

    def _meaning(self, row):
        told = {name: row[name] for name, none in NOWHERE.items() if row[name] != none}
        if "target_id" not in told:
            return told
        assert list(told) == ["target_id"]
        names = {each["symbol_id"]: each["qualified_name"] for each in self.symbols()}
        return names[row["target_id"]]


def meanings(language, symbols, caller, *callees):
    """What callees mean in a file that has the symbols and nothing else."""
    return File(language, *symbols).call(caller, *callees).meanings()
