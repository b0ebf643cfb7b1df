//! Releases against indicators: what of that which a release shows is listed.

use std::collections::HashSet;

use vetch_indicators::{keys, normal};
use vetch_model::Purl;
use vetch_model::capability::Trigger;
use vetch_model::evidence::{Evidence, Location, Span};
use vetch_model::facts::PackageFacts;
use vetch_model::history::{History, Time};
use vetch_model::indicator::{FileHashes, IndicatorHit, IndicatorKind, Observable, Seen};
use vetch_model::integrity::HashAlgorithm;
use vetch_model::inventory::{Ecosystem, Package, Source};

use crate::store::{Conditional, StoreError};

/// Most hits of one release.
const MAX_HITS: usize = 200;

/// What is listed.
pub trait Listed {
    /// Whether a value may be; errs to one side only.
    fn may_hold(&self, kind: IndicatorKind, value: &str) -> bool;
    /// The same of a digest.
    fn may_hold_digest(&self, kind: IndicatorKind, digest: &[u8]) -> bool;
    /// What stands under a value, as of a moment.
    ///
    /// # Errors
    /// When it cannot be read.
    fn find(&self, kind: IndicatorKind, value: &str, now: Time) -> Result<Vec<Conditional>, StoreError>;
}

/// A release, with what can be known of it.
#[derive(Debug, Clone)]
pub struct Shower<'a> {
    /// Its entry in the inventory.
    pub package: &'a Package,
    /// What its contents say: those of the archive, and those of installed copies that differ.
    pub contents: Vec<&'a PackageFacts>,
    /// All releases of the package, where its registry was asked.
    pub history: Option<&'a History>,
    /// Whether it is the user's own: its name then means no package of a registry.
    pub is_own: bool,
}

/// Every indicator that a release meets, in the order in which it shows them.
///
/// # Errors
/// When what is listed cannot be read.
pub fn sightings(listed: &dyn Listed, release: &Shower<'_>, now: Time) -> Result<Vec<IndicatorHit>, StoreError> {
    let mut search = Search { listed, release, now, hits: Vec::new(), shown: None };
    for (observable, evidence) in own(release) {
        search.observable(&observable, &|| evidence.clone())?;
    }
    for facts in &release.contents {
        for observable in &facts.observables {
            search.observable(observable, &|| evidence(facts, observable))?;
        }
        for file in &facts.hashes {
            search.file(file)?;
        }
    }
    Ok(search.hits)
}

struct Search<'s> {
    listed: &'s dyn Listed,
    release: &'s Shower<'s>,
    now: Time,
    hits: Vec<IndicatorHit>,
    /// Everything that the release shows, once something is demanded together with something else.
    shown: Option<HashSet<(IndicatorKind, String)>>,
}

impl Search<'_> {
    fn observable(&mut self, observable: &Observable, evidence: &dyn Fn() -> Evidence) -> Result<(), StoreError> {
        for (kind, value) in keys(observable.kind, &observable.value) {
            if self.listed.may_hold(kind, &value) {
                self.found(kind, &value, observable, None, evidence)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &FileHashes) -> Result<(), StoreError> {
        // Every empty file has the same hash, and lists have it by mistake.
        if file.size == 0 {
            return Ok(());
        }
        let digests: [(IndicatorKind, &[u8]); 3] =
            [(IndicatorKind::Sha256, &file.sha256), (IndicatorKind::Sha1, &file.sha1), (IndicatorKind::Md5, &file.md5)];
        let evidence =
            || Evidence::File { location: Location::file(&file.path), note: "these bytes are listed".to_owned() };
        for (kind, digest) in digests {
            if self.listed.may_hold_digest(kind, digest) {
                let shown = observable(kind, hex::encode(digest), &file.path);
                self.found(kind, &shown.value, &shown, Some(file.size), &evidence)?;
            }
        }
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if let Some(name) =
            normal(IndicatorKind::FileName, name).filter(|name| self.listed.may_hold(IndicatorKind::FileName, name))
        {
            let shown = observable(IndicatorKind::FileName, name, &file.path);
            self.found(shown.kind, &shown.value, &shown, Some(file.size), &evidence)?;
        }
        Ok(())
    }

    fn found(
        &mut self,
        kind: IndicatorKind,
        value: &str,
        observable: &Observable,
        size: Option<u64>,
        evidence: &dyn Fn() -> Evidence,
    ) -> Result<(), StoreError> {
        if self.hits.len() >= MAX_HITS {
            return Ok(());
        }
        let mut indicators = Vec::new();
        for (indicator, with) in self.listed.find(kind, value, self.now)? {
            if with.iter().all(|one| self.shows(one)) {
                indicators.push(indicator);
            }
        }
        if !indicators.is_empty() {
            self.hits.push(IndicatorHit {
                indicators,
                value: observable.value.clone(),
                seen: observable.seen,
                trigger: observable.trigger,
                evidence: evidence(),
                size,
            });
        }
        Ok(())
    }

    fn shows(&mut self, one: &(IndicatorKind, String)) -> bool {
        let release = self.release;
        self.shown.get_or_insert_with(|| everything(release)).contains(one)
    }
}

fn everything(release: &Shower<'_>) -> HashSet<(IndicatorKind, String)> {
    let mut all: HashSet<(IndicatorKind, String)> =
        own(release).into_iter().flat_map(|(one, _)| keys(one.kind, &one.value)).collect();
    for facts in &release.contents {
        all.extend(facts.observables.iter().flat_map(|one| keys(one.kind, &one.value)));
        for file in &facts.hashes {
            all.insert((IndicatorKind::Md5, hex::encode(file.md5)));
            all.insert((IndicatorKind::Sha1, hex::encode(file.sha1)));
            all.insert((IndicatorKind::Sha256, hex::encode(file.sha256)));
            let name = file.path.rsplit('/').next().unwrap_or_default();
            all.extend(normal(IndicatorKind::FileName, name).map(|name| (IndicatorKind::FileName, name)));
        }
    }
    all
}

fn observable(kind: IndicatorKind, value: String, file: &str) -> Observable {
    let (seen, trigger, location) = (Seen::Own, Trigger::Install, Location::file(file));
    Observable { kind, value, seen, trigger, layer: 0, location }
}

/// What a release is, whatever it holds: its name, the hashes of its archives, where it is fetched from, who made it.
fn own(release: &Shower<'_>) -> Vec<(Observable, Evidence)> {
    let package = release.package;
    let place = package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone()));
    let mut all = Vec::new();
    let mut add = |kind: IndicatorKind, value: Option<String>, location: &Location, field: &str, note: &str| {
        if let Some(value) = value {
            let evidence = Evidence::Field {
                location: location.clone(),
                field: field.to_owned(),
                found: value.clone(),
                expected: None,
                note: note.to_owned(),
            };
            all.push((Observable { location: location.clone(), ..observable(kind, value, "") }, evidence));
        }
    };
    let (name, version) = (&package.name, package.version.as_deref());
    let purl = match &package.ecosystem {
        _ if name.is_empty() || release.is_own => None,
        Ecosystem::Npm => Some(Purl::npm(name, version)),
        Ecosystem::Pypi => Some(Purl::pypi(name, version)),
        Ecosystem::Other(kind) => Some(Purl::other(kind, name, version)),
    };
    let label = package.label();
    add(IndicatorKind::Package, purl.map(|purl| purl.to_string()), &place, &label, "the release itself is listed");
    let artifacts = package.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
    for digest in package.integrity.iter().chain(artifacts).flat_map(|integrity| &integrity.digests) {
        let kind = match digest.algorithm {
            HashAlgorithm::Sha1 => IndicatorKind::Sha1,
            HashAlgorithm::Sha256 => IndicatorKind::Sha256,
            HashAlgorithm::Sha512 => IndicatorKind::Sha512,
            HashAlgorithm::Sha384 => continue,
        };
        add(kind, Some(digest.to_hex()), &place, &label, "its archive is listed");
    }
    let address = match &package.source {
        Source::Registry { url, .. } => url.as_deref(),
        Source::Git { url, .. } | Source::Tarball { url } => Some(url.as_str()),
        _ => None,
    };
    let address = address.and_then(|text| normal(IndicatorKind::Url, text.strip_prefix("git+").unwrap_or(text)));
    add(IndicatorKind::Url, address, &place, &label, "it is fetched from there");
    let history = release.history.and_then(|history| {
        let release = history.releases.iter().find(|release| Some(release.version.as_str()) == version)?;
        Some((history, release))
    });
    if let Some((history, release)) = history {
        let registry = history.registry.split_once("://").map_or(history.registry.as_str(), |(_, rest)| rest);
        let place = Location::file(format!("{}/{}", registry.trim_end_matches('/'), history.name));
        let world = if package.ecosystem == Ecosystem::Pypi { "pypi" } else { "npm" };
        let publisher = release.publisher.map(|number| (number, "publisher"));
        for (number, role) in
            publisher.into_iter().chain(release.maintainers.iter().map(|number| (*number, "maintainer")))
        {
            let Some(account) = history.accounts.get(number as usize) else { continue };
            let name = normal(IndicatorKind::Account, &format!("{world}:{}", account.name));
            add(
                IndicatorKind::Account,
                name.filter(|_| !account.name.is_empty()),
                &place,
                role,
                "the account is listed",
            );
            add(
                IndicatorKind::Email,
                normal(IndicatorKind::Email, &account.email),
                &place,
                role,
                "its address is listed",
            );
        }
    }
    all
}

/// The place in the contents; where the code acts on it, with the line.
fn evidence(facts: &PackageFacts, observable: &Observable) -> Evidence {
    let used = facts
        .profile
        .capabilities
        .iter()
        .find(|capability| observable.seen == Seen::Used && *capability.evidence.location() == observable.location);
    if let Some(capability) = used {
        return capability.evidence.clone();
    }
    let note = match observable.seen {
        Seen::Decoded => "what is decoded here names it",
        Seen::Used => "the code connects to its host",
        _ => "the file names it",
    };
    Evidence::Code {
        location: observable.location.clone(),
        highlight: Span { start: 0, end: u32::try_from(observable.value.len()).unwrap_or_default() },
        excerpt: observable.value.clone(),
        layer: observable.layer,
        note: note.to_owned(),
    }
}
