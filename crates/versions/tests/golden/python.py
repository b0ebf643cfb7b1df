"""Writes python.tsv: what `packaging` answers on generated versions and specifiers.

    pip install packaging==26.3 && python python.py > python.tsv

The generator is seeded, so that the same `packaging` gives the same file.
Lines, by their first column:
  P rank text     a version; equal ranks are equal versions. All pairs were compared.
  V text normal   a text read as a version: its normal form, or !
  R text contains excluded objects filter
                  specifiers: for which of the first WITHIN P lines, as bits in
                  hexadecimal, first line first, `contains` holds: of the text;
                  with prereleases=False; of the Version; and which ones `filter`
                  keeps. ! for no specifiers, = for the same as in the column before.
"""

import random
import sys

import packaging
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

POOL, WITHIN, TEXTS, RANGES = 512, 128, 4000, 4000

rng = random.Random(0x5EED)
pick = rng.choice


def chance(probability):
    return rng.random() < probability


def number():
    return pick(["0", "0", "1", "1", "1", "2", "2", "3", "10"] + (["00", "01", "20240101", "18446744073709551615"] if chance(0.05) else []))


def release():
    return ".".join(number() for _ in range(pick([1, 2, 2, 3, 3, 4])))


def separator():
    return pick(["", "", "", ".", "-", "_"])


def tagged(words):
    return separator() + pick(words) + separator() + pick(["", number(), number()])


def version():
    text = pick(["", "", "", "", "v", "V"]) if chance(0.1) else ""
    text += pick(["0!", "1!", "2!"]) if chance(0.08) else ""
    text += release()
    if chance(0.25):
        text += tagged(["a", "b", "rc", "c", "alpha", "beta", "pre", "preview", "RC", "Alpha"])
    if chance(0.2):
        text += f"-{number()}" if chance(0.3) else tagged(["post", "rev", "r", "POST"])
    if chance(0.2):
        text += tagged(["dev", "DEV"])
    if chance(0.12):
        text += "+" + pick([".", "-", "_"]).join(pick(["1", "10", "a", "ubuntu", "01", "A", "1a", "0"]) for _ in range(pick([1, 2, 3])))
    return text


def mutated(text):
    noise = " v=<>~!.*0123+-_abrcdevpost;)\u00a0\u0661,"
    characters = list(text)
    for _ in range(pick([1, 2])):
        at = rng.randrange(len(characters) + 1)
        length, insert = pick([(0, True), (1, True), (1, False)])
        characters[at : at + length] = [pick(noise)] if insert else []
    return "".join(characters)


def specifier(within):
    operator = pick(["==", "==", "!=", "~=", ">=", ">=", "<=", ">", ">", "<", "<", "==="])
    bound = pick(within) if chance(0.4) else version()
    # Local labels go with equality only; most specifiers should be valid.
    if operator not in ("==", "!=", "===") and not chance(0.05):
        bound = bound.split("+")[0]
    if operator in ("==", "!=") and chance(0.4) or chance(0.03):
        bound = release() + ".*"
    return operator + pick(["", "", " "]) + bound


def specifiers(within):
    text = pick([",", ", ", " , "]).join(specifier(within) for _ in range(pick([1, 1, 1, 2, 3])))
    return mutated(text) if chance(0.2) else text


def unique(count, make):
    seen = {}
    while len(seen) < count:
        seen[make()] = None
    return list(seen)


def normal(text):
    try:
        return str(Version(text))
    except InvalidVersion:
        return "!"


def hexadecimal(bits):
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):0{len(bits) // 4}x}"


def answers(text, within):
    try:
        found = SpecifierSet(text)
    except InvalidSpecifier:
        return ["!"] * 4
    contains = [found.contains(item) for item in within]
    assert contains == [found.contains(item, prereleases=True) for item in within]
    objects = [Version(item) for item in within]
    kept = list(map(id, found.filter(objects)))
    return [
        hexadecimal(contains),
        hexadecimal([found.contains(item, prereleases=False) for item in within]),
        hexadecimal([found.contains(item) for item in objects]),
        hexadecimal([id(item) in kept for item in objects]),
    ]


def main():
    write = lambda *columns: sys.stdout.write("\t".join(map(str, columns)) + "\n")
    write(f"# packaging {packaging.__version__}; made by: python python.py > python.tsv")
    write(f"# {POOL} versions in order ({POOL * POOL} pairs), {TEXTS} texts, {RANGES} sets on {WITHIN} versions ({RANGES * WITHIN * 4} answers)")
    pool = unique(POOL, version)
    ordered = sorted(set(map(Version, pool)))
    ranks = {item: rank for rank, item in enumerate(ordered)}
    for left in pool:
        for right in pool:
            a, b = Version(left), Version(right)
            assert (a > b) - (a < b) == (ranks[a] > ranks[b]) - (ranks[a] < ranks[b]), (left, right)
    for text in pool:
        write("P", ranks[Version(text)], text)
    for text in unique(TEXTS, lambda: mutated(version()) if chance(0.6) else version()):
        write("V", text, normal(text))
    within = pool[:WITHIN]
    for text in unique(RANGES, lambda: specifiers(within)):
        columns = answers(text, within)
        write("R", text, *(["="[: column == columns[i - 1] and i > 0] or column for i, column in enumerate(columns)]))


main()
