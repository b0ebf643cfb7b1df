//! What must hold for any bytes at all, one function for each parser. The fuzz
//! targets drive them for as long as one likes, `tests/smoke.rs` for a moment in
//! every test run. A function that returns has found nothing.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is how a target reports what it found")]

use std::collections::BTreeMap;
use std::io;

use vetch_archive::{Layout, Limits};
use vetch_graph::Graph;
use vetch_indicators::{Style, keys, normal, refang, scan};
use vetch_intel::snapshot::keys::{SigningKey, TrustedKey};
use vetch_intel::taxii::{Entrance, Paging, read_collections, read_entrance};
use vetch_intel::{Event, MemoryList, Query, Record, World, match_records, read_judgements};
use vetch_lockfiles::npm::{package_json, package_lock};
use vetch_lockfiles::{Format, MemoryFiles, read};
use vetch_model::history::Time;
use vetch_model::indicator::IndicatorKind;
use vetch_model::inventory::{Ecosystem, Inventory, Role};
use vetch_model::purl::PurlParts;
use vetch_syntax::js::Lowerer;
use vetch_syntax::{limits, shell};

/// As an archive of any kind: no panic, no path that leads out, nothing over the limits.
pub fn archive(bytes: &[u8]) {
    for layout in [Layout::Npm, Layout::AsNamed] {
        archive_as(bytes, &layout);
    }
}

fn archive_as(bytes: &[u8], layout: &Layout) {
    let limits = Limits { total_bytes: 4 << 20, entries: 2000, ratio_floor: 1 << 20, ..Limits::default() };
    let mut handed_over = 0;
    let summary = vetch_archive::read(bytes, layout, &limits, &mut |entry| {
        assert!(stays_inside(entry.path), "{} leads out", entry.path);
        let got = io::copy(entry.body, &mut io::sink())?;
        assert_eq!(got, entry.size, "{}", entry.path);
        handed_over += got;
        Ok(())
    });
    let summary = summary.expect("bytes in memory can be read, and the visitor only fails with the archive");
    assert!(handed_over <= summary.decompressed && summary.decompressed <= limits.total_bytes);
}

/// As indicators of any form, and as text that names some: no panic, values that are their own normal form, and spans that
/// lie in the text.
pub fn indicators(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lists = [MemoryList::from_json(bytes), MemoryList::from_csv(&text)];
    for (kind, value) in lists.iter().flatten().flat_map(MemoryList::values) {
        // An address is kept without the scheme of the web.
        let is_web = kind == IndicatorKind::Url && !value.split(['/', '?']).next().unwrap_or_default().ends_with(':');
        let again = if is_web { format!("//{value}") } else { value.to_owned() };
        assert_eq!(normal(kind, &again).as_deref(), Some(value), "{kind}");
        assert!(keys(kind, value).len() <= 12);
    }
    for style in [Style::Code, Style::Words] {
        for found in scan(&text, style) {
            assert!(text.get(found.span.clone()).is_some_and(|own| !own.is_empty()), "{found:?}");
        }
    }
    assert!(refang(&text).len() <= text.len());
}

/// As answers of a server of TAXII, as a key and as a signature: no panic, ids that can be asked for, times that were told,
/// and an end.
pub fn taxii(bytes: &[u8]) {
    if let Ok((collections, _)) = read_collections(bytes) {
        assert!(collections.iter().all(|one| !one.id.is_empty() && one.id != ".."));
    }
    if let Ok(Entrance::Discovery(discovery)) = read_entrance(bytes) {
        assert!(!discovery.api_roots.is_empty());
    }
    let now = Time(1_775_600_000);
    let mut paging = Paging::new(None);
    let pages = (0..10).take_while(|_| paging.take(bytes, Some("2026-01-01T00:00:00Z")).is_ok()).count();
    assert!(pages < 10 || paging.query().is_none(), "the same page over and over is a circle");
    assert!(paging.state(now).is_none_or(|state| state.seen <= now.0 * 1_000_000));
    let text = String::from_utf8_lossy(bytes);
    TrustedKey::parse(&text).ok();
    SigningKey::parse(&text, None).ok();
}

/// As judgements (VEX) of any form: no panic, and no statement without a vulnerability, or about anything but a whole package
/// of npm or PyPI that it names.
pub fn judgements(bytes: &[u8]) {
    for shown in read_judgements(bytes).into_iter().flatten() {
        assert!(shown.ids.iter().all(|id| !id.is_empty()) && shown.ids.first() == Some(&shown.statement.vulnerability));
        let parts = PurlParts::parse(&shown.statement.product).expect("a statement names a purl");
        assert!(!parts.name.is_empty() && parts.subpath.is_none(), "{parts:?}");
        assert!(["npm", "pypi"].contains(&parts.kind.as_str()), "{parts:?}");
        assert!(!shown.statement.author.is_empty() && !shown.statement.document.is_empty());
    }
}

/// As a record of OSV, in JSON and in YAML: no panic, and an answer for every package that it names, at versions that it
/// names and others.
pub fn advisory(bytes: &[u8]) {
    for record in [Record::from_json(bytes), Record::from_yaml(bytes)].into_iter().flatten() {
        let records = std::slice::from_ref(&record);
        for affected in &record.affected {
            let ecosystem = if affected.ecosystem == World::Npm { Ecosystem::Npm } else { Ecosystem::Pypi };
            let listed = affected.versions.versions.iter().map(String::as_str);
            let bounds = affected.versions.ranges.iter().flat_map(|range| &range.events).map(Event::version);
            for version in listed.chain(bounds).take(20).chain(["1.0.0", "0"]) {
                let query = Query { ecosystem: &ecosystem, name: &affected.name, version, known: vec!["1.0.1"] };
                assert!(match_records(records, &query, Time(0)).len() <= 1);
            }
        }
    }
}

/// As a lockfile and as a manifest: no panic, no entry lost, no path that leads
/// out, no span beyond the file, and a graph that answers.
pub fn lockfile(bytes: &[u8]) {
    let manifest = package_json::read(bytes, "package.json").ok();
    let Ok(outcome) = package_lock::read(bytes, "package-lock.json", manifest.as_ref()) else { return };
    let inventory = outcome.value.inventory;
    for package in &inventory.packages {
        assert!(stays_inside(&package.path), "{} leads out", package.path);
        if let Some(location) = &package.declared_at {
            assert!(location.span.start <= location.span.end && location.span.end as usize <= bytes.len());
        }
    }
    let entries = serde_json::from_slice::<serde_json::Value>(bytes)
        .ok()
        .and_then(|value| value.get("packages").and_then(serde_json::Value::as_object).map(serde_json::Map::len));
    if let Some(entries) = entries {
        assert!(inventory.packages.len() >= entries);
    }
    assert!(inventory.packages.iter().any(|package| package.role == Role::Root));
    answers(&inventory);
}

/// As every other lockfile of JavaScript's tools: see `inventory`.
pub fn javascript_lockfile(bytes: &[u8]) {
    for (format, file) in [
        (Format::YarnClassic, "yarn.lock"),
        (Format::YarnBerry, "yarn.lock"),
        (Format::Pnpm, "pnpm-lock.yaml"),
        (Format::Bun, "bun.lock"),
        (Format::Deno, "deno.lock"),
        (Format::PlugNPlay, ".pnp.cjs"),
    ] {
        inventory(bytes, file, format);
    }
}

/// As every lockfile of Python's tools: see `inventory`.
pub fn python_lockfile(bytes: &[u8]) {
    for (format, file) in [
        (Format::Uv, "uv.lock"),
        (Format::Poetry, "poetry.lock"),
        (Format::Pdm, "pdm.lock"),
        (Format::PipfileLock, "Pipfile.lock"),
        (Format::Pylock, "pylock.toml"),
    ] {
        inventory(bytes, file, format);
    }
}

/// As every list that people write by hand: see `inventory`.
pub fn manifest(bytes: &[u8]) {
    for (format, file) in [
        (Format::PackageJson, "package.json"),
        (Format::Requirements, "requirements.txt"),
        (Format::Pyproject, "pyproject.toml"),
        (Format::SetupCfg, "setup.cfg"),
    ] {
        inventory(bytes, file, format);
    }
}

/// As every kind of SBOM: see `inventory`.
pub fn sbom(bytes: &[u8]) {
    for (format, file) in [
        (Format::CycloneDxJson, "bom.json"),
        (Format::CycloneDxXml, "bom.xml"),
        (Format::SpdxJson, "bom.spdx.json"),
        (Format::SpdxTagValue, "bom.spdx"),
        (Format::Spdx3Json, "bom.spdx3.json"),
    ] {
        inventory(bytes, file, format);
    }
}

/// No panic, no path that leads out, no span beyond the file, no edge to nowhere, and a graph that answers.
fn inventory(bytes: &[u8], file: &str, format: Format) {
    let files = MemoryFiles(BTreeMap::from([(file.to_owned(), bytes.to_vec())]));
    let Ok(outcome) = read(&files, file, format) else { return };
    let inventory = outcome.value.inventory;
    for package in &inventory.packages {
        assert!(stays_inside(&package.path), "{format}: {} leads out", package.path);
        if let Some(location) = &package.declared_at {
            assert!(location.span.start <= location.span.end && location.span.end as usize <= bytes.len());
        }
    }
    for edge in &inventory.edges {
        let count = inventory.packages.len() as u32;
        assert!(edge.from.0 < count && edge.to.0 < count, "{format}: an edge to nowhere");
    }
    answers(&inventory);
}

fn answers(inventory: &Inventory) {
    let graph = Graph::new(inventory);
    for (id, _) in inventory.iter().take(50) {
        let answer = graph.paths_to(id, 3);
        assert!(answer.paths.len() <= 3);
        assert_eq!(answer.paths.is_empty(), graph.depth(id).is_none());
    }
}

/// As source: no panic and no stack overflow in JavaScript, TypeScript or shell, and a
/// failure that names a line of the file.
pub fn syntax(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes).into_owned();
    // A runtime may call on a small stack; whatever the parsers are let near needs a large one.
    let worker = std::thread::Builder::new().stack_size(limits::STACK_BYTES).spawn(move || lower(&source));
    worker.expect("a thread").join().expect("no panic");
}

fn lower(source: &str) {
    let mut lowerer = Lowerer::new();
    let limits = limits::Limits { max_bytes: 1 << 20, max_memory: 64 << 20, ..limits::Limits::default() };
    let lines = source.lines().count() as u32 + 1;
    for path in ["fuzz.js", "fuzz.mts"] {
        if let Err(failure) = lowerer.js(source, path, &limits) {
            assert!(failure.line <= lines, "line {} of {lines}: {failure}", failure.line);
        }
    }
    shell::parse(source);
}

fn stays_inside(path: &str) -> bool {
    !path.starts_with('/') && path.split(['/', '\\']).all(|part| part != "..")
}
