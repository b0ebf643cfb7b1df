//! Executes the examples of every rule's page, and of further pages in `tests/specs/<rule_id>.md`:
//! analysis, then judgement, as a scan does. All failures are shown at once.

use std::collections::BTreeMap;
use std::path::Path;

use page::{Body, Example};
use vetch_behaviour::{Analysis, HEAD_BYTES, PythonRelease, Wanted, wanted};
use vetch_detectors::input::{
    Asked, Before, ChangedFile, Dependent, EnvironmentFacts, InstalledCopy, IntelFacts, InternalReason,
    InternalRelease, Mismatch, NameFacts, Note, RecordDifference, Recorded, ReleaseFacts, StartupFile, StartupKind,
    TargetFacts, UnboundName,
};
use vetch_detectors::lineage::Lineage;
use vetch_detectors::{all_rules, judge_release, judge_target, verdict_of};
use vetch_intel::{MemoryList, Query, Record, Shower, match_records, sightings};
use vetch_lockfiles::npm::package_json;
use vetch_lockfiles::npm::package_lock::{self, LockfileNote, LockfileNoteKind};
use vetch_lockfiles::{Format, MemoryFiles};
use vetch_model::advisory::Advisory;
use vetch_model::evidence::Location;
use vetch_model::facts::{ContainerAnomaly, InstalledDifference, PackageFacts, PythonForm};
use vetch_model::finding::Finding;
use vetch_model::history::{History, Time};
use vetch_model::indicator::IndicatorHit;
use vetch_model::integrity::ContentHash;
use vetch_model::inventory::{Ecosystem, Edge, EdgeKind, Inventory, Package, PackageId, Source};
use vetch_model::verdict::Verdict;
use vetch_names::Names;

mod page;

type Files = BTreeMap<String, Vec<u8>>;

#[test]
fn examples_are_judged_as_their_pages_say() {
    let mut failures = Vec::new();
    let mut executed = 0;
    for (rule, place, text) in pages() {
        match page::examples(&rule, &place, &text) {
            Err(error) => failures.push(error),
            Ok(examples) => {
                let limit = examples.iter().filter_map(|example| Some(example.expected.as_ref()?.1)).min();
                executed += examples.len();
                failures.extend(examples.iter().filter_map(|example| check(example, limit).err()));
            }
        }
    }
    assert!(executed >= 2 * all_rules().len(), "only {executed} examples were found");
    assert!(failures.is_empty(), "{} of {executed} examples fail:\n\n{}\n", failures.len(), failures.join("\n"));
}

/// Rule, place, text.
#[expect(clippy::expect_used, reason = "a page that cannot be read is a failed test that says which")]
fn pages() -> Vec<(String, String, String)> {
    let mut pages: Vec<(String, String, String)> = all_rules()
        .iter()
        .map(|rule| {
            let place = format!("src/rules/{}/{}.md", rule.category, rule.id.replace('-', "_"));
            (rule.id.to_owned(), place, rule.doc.to_owned())
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs");
    let mut more: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    more.sort();
    for path in more.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        let place = format!("tests/specs/{}", path.file_name().unwrap_or_default().to_string_lossy());
        pages.push((stem, place, std::fs::read_to_string(path).expect("a readable page")));
    }
    pages
}

fn check(example: &Example, limit: Option<Verdict>) -> Result<(), String> {
    let findings = match &example.body {
        Body::Package(files) => judge_package(files),
        Body::PackageLock(text, internal) => judge_lockfile(text, internal.as_deref()),
        Body::Requirements(text) => judge_requirements(text),
        Body::Environment(pairs) => judge_environment(pairs),
    }
    .map_err(|error| format!("{}: {error}", example.place))?;
    let by_rule = |id: &str| findings.iter().filter(|finding| finding.rule == id).map(Finding::verdict).max();
    let shown = || {
        let lines =
            findings.iter().map(|finding| format!("    {} {}: {}", finding.verdict(), finding.rule, finding.title));
        lines.collect::<Vec<_>>().join("\n")
    };
    if let Some((id, verdict)) = &example.expected {
        return match by_rule(id) {
            Some(found) if found == *verdict => Ok(()),
            found => Err(format!("{}: {id} should say {verdict}, says {}\n{}", example.place, words(found), shown())),
        };
    }
    let overall = verdict_of(&findings, false);
    let fires = by_rule(&example.rule);
    let reaches = fires.is_some_and(|fires| limit.is_none_or(|limit| fires >= limit));
    if overall >= Verdict::Suspicious || reaches {
        return Err(format!(
            "{}: benign, yet {overall} ({} says {})\n{}",
            example.place,
            example.rule,
            words(fires),
            shown()
        ));
    }
    Ok(())
}

fn words(verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| "nothing".to_owned(), |verdict| verdict.to_string())
}

fn judge_package(all: &[(String, Vec<u8>)]) -> Result<Vec<Finding>, String> {
    let below = |prefix: &str| -> Files {
        all.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(prefix)?.to_owned(), bytes.clone()))).collect()
    };
    let lock = Lock::parse(&below("@lock"))?;
    let own: Files = all.iter().filter(|(path, _)| !path.starts_with('@')).cloned().collect();
    let mut facts = analyse(&own)?;
    facts.anomalies = lock.anomalies.clone();
    let manifest = facts.manifest.clone().unwrap_or_default();
    let mut release = package(&manifest.name.unwrap_or_default(), &manifest.version.unwrap_or_default());
    release.has_install_script = lock.has_install_script;

    let mut copies = Vec::new();
    for folder in ["@installed/", "@installed-2/"] {
        let files = below(folder);
        if !files.is_empty() {
            let path = format!("node_modules/{}", folder.trim_matches(['@', '/']));
            copies.push((path, analyse(&files)?, difference(&own, &files)));
        }
    }
    let dependent = below("@dependent/");
    let dependent = if dependent.is_empty() { None } else { Some(asking(&release, analyse(&dependent)?)) };

    let past = Past::read(&below)?;
    let lineage = past.lineage("", &release);
    let brought = past.dependency.as_ref().and_then(|(asked, _)| past.lineage(&asked.name, asked));
    let mismatches =
        lock.mismatch.iter().map(|source| Mismatch { source, expected: "sha512-locked", found: "sha512-other" });
    let facts = ReleaseFacts {
        package: &release,
        contents: (lock.has_archive || copies.is_empty()).then_some(&facts),
        contents_are_locked: lock.has_archive && !copies.is_empty(),
        installed: copies
            .iter()
            .map(|(path, contents, difference)| InstalledCopy {
                path,
                manifest: contents.manifest.as_ref(),
                contents: Some(contents),
                difference: lock.has_archive.then_some(difference),
                patch: lock.patch.as_deref(),
            })
            .collect(),
        dependents: dependent
            .iter()
            .map(|(package, edge, contents)| Dependent { package, edge, contents: Some(contents) })
            .collect(),
        mismatches: mismatches.collect(),
        recorded: Vec::new(),
        lineage: lineage.as_ref(),
        before: past.before.as_ref().map(|(version, contents)| Before { version, contents }),
        dependencies: past
            .dependency
            .iter()
            .map(|(package, contents)| Asked {
                name: &package.name,
                package,
                contents: Some(contents),
                lineage: brought.as_ref(),
            })
            .collect(),
        name: NameFacts {
            lookalikes: Names::shipped().lookalikes(&Ecosystem::Npm, &release.name),
            internal: lock.internal.clone(),
            ..NameFacts::default()
        },
        intel: IntelFacts {
            advisories: advisories(&release, &below("@intel"))?,
            indicators: indicators(&release, &facts, &below("@indicators"))?,
            doubt: None,
            usage: None,
        },
    };
    Ok(judge_release(&facts))
}

/// What imported records say: each file is one, in OSV's JSON.
fn advisories(release: &Package, files: &Files) -> Result<Vec<Advisory>, String> {
    let read = |bytes: &Vec<u8>| Record::from_json(bytes).map_err(|error| format!("`@intel`: {error}"));
    let records: Vec<Record> = files.values().map(read).collect::<Result<_, _>>()?;
    let version = release.version.as_deref().unwrap_or_default();
    let query = Query { ecosystem: &release.ecosystem, name: &release.name, version, known: Vec::new() };
    Ok(match_records(&records, &query, Time(0)))
}

/// What a list of indicators says, in CSV.
fn indicators(release: &Package, facts: &PackageFacts, files: &Files) -> Result<Vec<IndicatorHit>, String> {
    let Some(text) = files.values().next() else { return Ok(Vec::new()) };
    let list =
        MemoryList::from_csv(&String::from_utf8_lossy(text)).map_err(|error| format!("`@indicators`: {error}"))?;
    let shower = Shower { package: release, contents: vec![facts], history: None, is_own: false };
    sightings(&list, &shower, Time(0)).map_err(|error| error.to_string())
}

/// What was before, and what is brought along.
struct Past {
    before: Option<(String, PackageFacts)>,
    dependency: Option<(Package, PackageFacts)>,
    /// By name; that of the release itself has none.
    histories: BTreeMap<String, History>,
}

impl Past {
    fn read(below: &dyn Fn(&str) -> Files) -> Result<Past, String> {
        let facts = |files: Files| if files.is_empty() { Ok(None) } else { analyse(&files).map(Some) };
        let named = |contents: PackageFacts| {
            let manifest = contents.manifest.clone().unwrap_or_default();
            (package(&manifest.name.unwrap_or_default(), &manifest.version.unwrap_or_default()), contents)
        };
        let mut histories = BTreeMap::new();
        for (path, text) in below("@history") {
            let name = path.trim_start_matches('/').to_owned();
            histories.insert(name.clone(), page::history::history(&name, &String::from_utf8_lossy(&text))?);
        }
        Ok(Past {
            before: facts(below("@before/"))?
                .map(named)
                .map(|(of, contents)| (of.version.unwrap_or_default(), contents)),
            dependency: facts(below("@dependency/"))?.map(named),
            histories,
        })
    }

    fn lineage(&self, name: &str, package: &Package) -> Option<Lineage<'_>> {
        Lineage::new(self.histories.get(name)?, &package.ecosystem, package.version.as_deref()?)
    }
}

/// What a scan knows from elsewhere than the contents.
struct Lock {
    has_install_script: Option<bool>,
    has_archive: bool,
    patch: Option<String>,
    mismatch: Option<String>,
    anomalies: Vec<ContainerAnomaly>,
    internal: Option<InternalRelease>,
}

impl Lock {
    fn parse(files: &Files) -> Result<Lock, String> {
        let text = files.values().next().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        let mut lock = Lock {
            has_install_script: None,
            has_archive: true,
            patch: None,
            mismatch: None,
            anomalies: Vec::new(),
            internal: None,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(" = ") {
                Some(("has-install-script", value)) => lock.has_install_script = Some(value == "true"),
                Some(("archive", "absent")) => lock.has_archive = false,
                Some(("patch", path)) => lock.patch = Some(path.to_owned()),
                Some(("mismatch", source)) => lock.mismatch = Some(source.to_owned()),
                Some(("internal", pattern)) => lock.internal = Some(declared(pattern)),
                Some(("anomaly", value)) => {
                    let (kind, path) = value.split_once(' ').unwrap_or((value, ""));
                    let kind = kind.parse().map_err(|_| format!("no anomaly `{kind}`"))?;
                    lock.anomalies.push(ContainerAnomaly { kind, path: path.to_owned(), detail: String::new() });
                }
                _ => return Err(format!("`{line}` is no fact of a lockfile")),
            }
        }
        Ok(lock)
    }
}

/// A release from npm's registry, of a name that the policy calls internal.
fn declared(pattern: &str) -> InternalRelease {
    let reason = InternalReason::Declared { pattern: pattern.to_owned(), location: Location::file("vetch.toml") };
    InternalRelease { reason, host: Some("registry.npmjs.org".to_owned()), private_versions: Vec::new() }
}

/// As the engine does it: every file whole or its head, then what is wanted after that.
fn analyse(files: &Files) -> Result<PackageFacts, String> {
    let manifest = match files.get("package.json") {
        Some(bytes) => Some(package_json::read(bytes, "package.json").map_err(|error| error.to_string())?),
        None => None,
    };
    let sizes: Vec<(String, u64)> = files.iter().map(|(path, bytes)| (path.clone(), bytes.len() as u64)).collect();
    let mut analysis = match files.contains_key("PKG-INFO") {
        true => Analysis::python(source_distribution(), &sizes),
        false => Analysis::new(manifest.clone(), &sizes, false),
    };
    for (path, bytes) in files {
        let end = if wanted(path) == Wanted::Whole { bytes.len() } else { bytes.len().min(HEAD_BYTES) };
        analysis.file(path, &bytes[..end]);
    }
    loop {
        let needs = analysis.needs();
        if needs.is_empty() {
            break;
        }
        for path in needs {
            let bytes = files.get(&path).ok_or_else(|| format!("the analysis wants {path}, which is not there"))?;
            analysis.file(&path, bytes);
        }
    }
    let mut facts = analysis.finish();
    facts.content_hash = hash(files);
    facts.manifest = facts.manifest.or(manifest);
    Ok(facts)
}

/// A release of Python that `setup.py` builds.
fn source_distribution() -> PythonRelease {
    PythonRelease {
        form: PythonForm::Sdist,
        build_backend: None,
        backend_path: Vec::new(),
        build_hooks: Vec::new(),
        build_commands: Vec::new(),
    }
}

/// Tells contents apart; nothing more is asked of it here.
fn hash(files: &Files) -> ContentHash {
    let mut hash = [0u8; 32];
    for (index, byte) in files.iter().flat_map(|(path, bytes)| path.bytes().chain(bytes.iter().copied())).enumerate() {
        let place = index % 32;
        hash[place] = hash[place].wrapping_mul(31).wrapping_add(byte).wrapping_add((index / 32) as u8);
    }
    ContentHash(hash)
}

fn difference(archive: &Files, installed: &Files) -> InstalledDifference {
    InstalledDifference {
        changed: archive
            .iter()
            .filter(|(path, bytes)| installed.get(*path).is_some_and(|other| other != *bytes))
            .map(|(path, _)| path.clone())
            .collect(),
        missing: archive.keys().filter(|path| !installed.contains_key(*path)).cloned().collect(),
        extra: installed.keys().filter(|path| !archive.contains_key(*path)).cloned().collect(),
    }
}

fn asking(release: &Package, contents: PackageFacts) -> (Package, Edge, PackageFacts) {
    let manifest = contents.manifest.clone().unwrap_or_default();
    let package = package(&manifest.name.unwrap_or_default(), &manifest.version.unwrap_or_default());
    let edge = Edge::new(PackageId(0), PackageId(1), release.name.clone(), "^1.0.0", EdgeKind::Production);
    (package, edge, contents)
}

fn package(name: &str, version: &str) -> Package {
    Package {
        source: Source::Registry { url: None, index: None },
        path: format!("node_modules/{name}"),
        declared_at: Some(Location::file("package-lock.json")),
        ..Package::new(Ecosystem::Npm, name, Some(version))
    }
}

fn judge_lockfile(text: &str, internal: Option<&str>) -> Result<Vec<Finding>, String> {
    let lockfile =
        package_lock::read(text.as_bytes(), "package-lock.json", None).map_err(|error| error.to_string())?.value;
    let unbound = internal.map(|scope| unbound(&lockfile.inventory, scope)).into_iter().flatten().collect();
    Ok(judge_read(&lockfile.inventory, "package-lock", &lockfile.notes, unbound))
}

fn judge_requirements(text: &str) -> Result<Vec<Finding>, String> {
    let files = MemoryFiles([("requirements.txt".to_owned(), text.as_bytes().to_vec())].into());
    let read = vetch_lockfiles::read(&files, "requirements.txt", Format::Requirements);
    let reading = read.map_err(|error| error.to_string())?.value;
    Ok(judge_read(&reading.inventory, "requirements", &reading.notes, Vec::new()))
}

/// One distribution, `tool`, in an environment.
fn judge_environment(pairs: &[(String, String)]) -> Result<Vec<Finding>, String> {
    let mut difference = RecordDifference::default();
    let mut environment = EnvironmentFacts { lockfiles: vec!["uv.lock".to_owned()], ..EnvironmentFacts::default() };
    let mut inventory = Inventory::default();
    let record = Location::file("site-packages/tool-1.0.dist-info/RECORD");
    let startup =
        |path: &str, kind, line: &str| StartupFile { location: Location::file(path), kind, line: line.to_owned() };
    for (key, value) in pairs {
        let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
        match key.as_str() {
            "changed" => difference.changed.push(ChangedFile {
                path: value.clone(),
                expected: "10 bytes".to_owned(),
                found: "20 bytes".to_owned(),
                recorded_at: record.clone(),
            }),
            "missing" => difference.missing.push((value.clone(), record.clone())),
            "extra" => difference.extra.push(value.clone()),
            "pth" => environment.startup.push(startup(first, StartupKind::Code, rest)),
            "module" => environment.startup.push(startup(value, StartupKind::Module, "")),
            "virtualenv" => environment.startup.push(startup(value, StartupKind::Virtualenv, "")),
            "absent" => environment.missing.push((value.clone(), None)),
            "differing" => {
                let id = inventory.push(Package::new(Ecosystem::Pypi, first, Some(rest)));
                environment.differing.push((id, vec!["99.0".to_owned()], None));
            }
            "unlocked" => {
                let id = inventory.push(Package::new(Ecosystem::Pypi, first, Some("1.0")));
                environment.unlocked.push(id);
            }
            _ => return Err(format!("`{key}` is no fact of an environment")),
        }
    }
    let tool = Package::new(Ecosystem::Pypi, "tool", Some("1.0"));
    let (path, is_installed) = ("site-packages/tool-1.0.dist-info", true);
    let recorded = vec![Recorded { path, is_installed, difference: &difference }];
    let mut findings = judge_release(&ReleaseFacts {
        package: &tool,
        contents: None,
        contents_are_locked: false,
        installed: Vec::new(),
        dependents: Vec::new(),
        mismatches: Vec::new(),
        recorded,
        lineage: None,
        before: None,
        dependencies: Vec::new(),
        name: NameFacts::default(),
        intel: IntelFacts::default(),
    });
    findings.extend(judge_target(&TargetFacts {
        inventory: &inventory,
        format: "site-packages",
        notes: Vec::new(),
        environment: Some(&environment),
        unbound: Vec::new(),
    }));
    Ok(findings)
}

/// The packages of a scope whose entries name no place, as settings that bind nothing leave them.
fn unbound(inventory: &Inventory, scope: &str) -> Option<UnboundName> {
    let is_open = |package: &Package| matches!(&package.source, Source::Registry { url: None, .. });
    let packages: Vec<PackageId> = inventory
        .iter()
        .filter(|(_, package)| package.name.starts_with(scope) && is_open(package))
        .map(|(id, _)| id)
        .collect();
    (!packages.is_empty()).then(|| UnboundName {
        name: scope.to_owned(),
        declared: Location::file("vetch.toml"),
        packages,
        public: "registry.npmjs.org".to_owned(),
        beside: None,
    })
}

fn judge_read(inventory: &Inventory, format: &str, notes: &[LockfileNote], unbound: Vec<UnboundName>) -> Vec<Finding> {
    let notes = notes.iter().map(|note| Note {
        kind: match note.kind {
            LockfileNoteKind::Contradiction => "contradiction",
            LockfileNoteKind::OnlyForOldClients => "only-for-old-clients",
            LockfileNoteKind::DuplicateKey => "duplicate-key",
            LockfileNoteKind::IgnoredLockfile => "ignored-lockfile",
            LockfileNoteKind::NoEdges => "no-edges",
            LockfileNoteKind::SourceOption => "source-option",
            LockfileNoteKind::LeftOut => "left-out",
        },
        field: &note.field,
        found: &note.found,
        expected: note.expected.as_deref(),
        location: &note.location,
    });
    judge_target(&TargetFacts { inventory, format, notes: notes.collect(), environment: None, unbound })
}
