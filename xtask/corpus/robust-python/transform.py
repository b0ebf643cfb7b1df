"""Puts every case through every transformer: `python3 transform.py CASES OUT`, with python-minifier on the path.

Each variant becomes one archive, OUT/<transformer>-<half>-<trigger>-<case>-<kind>: a wheel for what runs at import, a
source distribution for what runs at install and for the transformer `sdist`. Nothing of what is written here is ever run.
"""

import ast
import base64
import bz2
import gzip
import hashlib
import io
import lzma
import marshal
import pathlib
import random
import re
import sys
import tarfile
import zipfile
import zlib

import python_minifier

BLOCK = re.compile(r"^```py (malicious|benign)\n(.*?)^```$", re.M | re.S)


def half_of(trigger, name):
    """Held-out cases are for counting only. Their choice is frozen by this hash of their names."""
    return "held-out" if hashlib.sha256(f"{trigger}/{name}".encode()).digest()[0] % 2 else "tuning"


def fresh(rng):
    """A name that no case has."""
    return rng.choice("abcdefghijklmnopqrstuvwxyz_") + "".join(rng.choice("lI1O0o_") for _ in range(11))


# Layers: text that decodes and runs a program. Of a benign program the texts are encoded, and nothing is run.


def by_base64(source, rng):
    alias = fresh(rng)
    return f"import base64 as {alias}\nexec({alias}.b64decode({base64.b64encode(source.encode())!r}))\n"


def by_zlib(source, rng):
    unpack = fresh(rng)
    packed = base64.b85encode(zlib.compress(source.encode()))[::-1]
    return (
        f"{unpack} = lambda d: __import__('zlib').decompress(__import__('base64').b85decode(d[::-1]))\n"
        f"exec({unpack}({packed!r}))\n"
    )


def by_lzma(source, rng):
    return f"import lzma\nexec(lzma.decompress({lzma.compress(source.encode())!r}))\n"


def by_bz2(source, rng):
    packed = base64.b64encode(bz2.compress(source.encode())).decode()
    return f"import bz2, base64\neval(compile(bz2.decompress(base64.b64decode('{packed}')), '<m>', 'exec'))\n"


def by_marshal(source, rng):
    packed = zlib.compress(marshal.dumps(compile(source, "<m>", "exec")))
    return f"import marshal, zlib\nexec(marshal.loads(zlib.decompress({packed!r})))\n"


def by_xor(source, rng):
    key = bytes(rng.randrange(1, 256) for _ in range(7))
    sealed = bytes(byte ^ key[at % 7] for at, byte in enumerate(source.encode()))
    undo, data, at = fresh(rng), fresh(rng), fresh(rng)
    return (
        f"def {undo}({data}, k={key!r}):\n"
        f"    return bytes({data}[{at}] ^ k[{at} % len(k)] for {at} in range(len({data}))).decode()\n"
        f"exec({undo}({sealed!r}))\n"
    )


def by_numbers(source, rng):
    shift = rng.randrange(3, 90)
    numbers = [ord(char) + shift for char in source]
    return f"getattr(__import__('built' + 'ins'), 'ex' + 'ec')(''.join(map(lambda n: chr(n - {shift}), {numbers})))\n"


LAYERS = [by_base64, by_zlib, by_lzma, by_bz2, by_marshal, by_xor, by_numbers]


class Encoded(ast.NodeTransformer):
    """Texts as what decodes them, as tools do that hide nothing but resources."""

    def visit_JoinedStr(self, node):
        return node

    def visit_Constant(self, node):
        if not isinstance(node.value, str) or len(node.value) < 6:
            return node
        packed = base64.b64encode(node.value.encode()).decode()
        return ast.parse(f"__import__('base64').b64decode('{packed}').decode()", mode="eval").body


class Split(ast.NodeTransformer):
    """Texts as sums of their pieces, and calls of attributes by their names."""

    def visit_JoinedStr(self, node):
        return node

    def visit_Constant(self, node):
        if not isinstance(node.value, str) or len(node.value) < 4:
            return node
        third = len(node.value) // 3
        pieces = [node.value[:third], node.value[third : 2 * third], node.value[2 * third :]]
        return ast.parse(" + ".join(map(repr, pieces)), mode="eval").body

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            name = ast.Constant(node.func.attr)
            node.func = ast.Call(ast.Name("getattr", ast.Load()), [node.func.value, self.visit_Constant(name)], [])
        return node


def rewritten(transformer):
    def transform(source, kind, rng):
        return {"__init__.py": ast.unparse(ast.fix_missing_locations(transformer().visit(ast.parse(source))))}

    return transform


def layered(layers):
    def transform(source, kind, rng):
        if kind == "benign":
            return rewritten(Encoded)(source, kind, rng)
        for layer in layers(rng):
            source = layer(source, rng)
        return {"__init__.py": source}

    return transform


def minified(source, kind, rng):
    return {"__init__.py": python_minifier.minify(source, rename_globals=True, hoist_literals=True)}


def over_files(source, kind, rng):
    """Texts in one module, functions and classes in a second, what runs them in the third."""
    tree = ast.parse(source)
    texts, kept = {}, fresh(rng)

    class Moved(ast.NodeTransformer):
        visit_JoinedStr = staticmethod(lambda node: node)

        def visit_Constant(self, node):
            if not isinstance(node.value, str) or len(node.value) < 6:
                return node
            name = texts.setdefault(node.value, f"{kept}{len(texts)}")
            return ast.Attribute(ast.Name(kept, ast.Load()), name, ast.Load())

    tree = Moved().visit(tree)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    parts = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    rest = [node for node in tree.body if node not in imports and node not in parts]
    write = lambda nodes: "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in nodes)
    load = f"from . import _texts as {kept}\n"
    return {
        "_texts.py": "".join(f"{name} = {text!r}\n" for text, name in texts.items()),
        "_parts.py": f"{load}{write(imports)}\n{write(parts)}\n",
        "__init__.py": f"{load}{write(imports)}\nfrom ._parts import *\n{write(rest)}\n",
    }


TRANSFORMERS = {
    "written": lambda source, kind, rng: {"__init__.py": source},
    "sdist": lambda source, kind, rng: {"__init__.py": source},
    "minifier": minified,
    "split": rewritten(Split),
    "files": over_files,
    **{layer.__name__.removeprefix("by_"): layered(lambda rng, layer=layer: [layer]) for layer in LAYERS},
    "layers": layered(lambda rng: rng.sample(LAYERS, 3)),
}


def wheel(path, name, files):
    info = f"{name.replace('-', '_')}-1.0.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
    listed = {f"pkg/{file}": text for file, text in files.items()}
    listed |= {f"{info}/METADATA": metadata, f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    record = ""
    with zipfile.ZipFile(path / f"{name.replace('-', '_')}-1.0.0-py3-none-any.whl", "w") as archive:
        for file, text in listed.items():
            data = text.encode()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{file},sha256={digest},{len(data)}\n"
            archive.writestr(zipfile.ZipInfo(file), data)
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), f"{record}{info}/RECORD,,\n")


def sdist(path, name, files):
    root = f"{name}-1.0.0"
    listed = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n", **files}
    with open(path / f"{root}.tar.gz", "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for file, text in listed.items():
                entry = tarfile.TarInfo(f"{root}/{file}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))


def write(out, name, trigger, transformer, files):
    setup = "from setuptools import setup\nsetup(name='x', version='1.0.0', packages=['pkg'])\n"
    if trigger == "install":
        # What `setup.py` imports lies beside it.
        files = {("setup.py" if file == "__init__.py" else file): text.replace("from . import", "import").replace("from ._", "from _") for file, text in files.items()}
        sdist(out, name, {**files, "pkg/__init__.py": ""})
    elif transformer == "sdist":
        sdist(out, name, {"setup.py": setup, **{f"pkg/{file}": text for file, text in files.items()}})
    else:
        wheel(out, name, files)


def main(cases, out):
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    for case in sorted(cases.glob("*/*.md")):
        trigger = case.parent.name
        kinds = dict(BLOCK.findall(case.read_text()))
        if set(kinds) != {"malicious", "benign"}:
            sys.exit(f"{case}: a case has a malicious and a benign block")
        for kind, source in kinds.items():
            for transformer, transform in TRANSFORMERS.items():
                if transformer == "sdist" and trigger == "install":
                    continue
                name = f"{transformer}-{half_of(trigger, case.stem)}-{trigger}-{case.stem}-{kind}"
                try:
                    files = transform(source, kind, random.Random(name))
                except Exception as error:  # noqa: BLE001: whatever a transformer says
                    print(f"refused {name}: {error}")
                    continue
                write(out, name, trigger, transformer, files)


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
