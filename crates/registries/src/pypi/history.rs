//! An index's page of a project, read as a history.

use std::collections::{BTreeMap, BTreeSet};

use vetch_model::history::{Channel, HistoricRelease, History, SignalSource, Time};
use vetch_model::inventory::Ecosystem;

use super::simple::{FileLocation, ProjectFile, ProjectPage};
use crate::clocks::are_falsified;

/// What the page tells of every release. Indexes do not say who publishes; whether a file has
/// attestations (PEP 740) says that a trusted publisher did.
pub fn history_of(page: &ProjectPage) -> History {
    let mut releases: BTreeMap<&str, HistoricRelease> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for file in &page.files {
        let Some(version) = file.version.as_deref() else { continue };
        let release = releases.entry(version).or_insert_with(|| {
            order.push(version);
            HistoricRelease { version: version.to_owned(), ..HistoricRelease::default() }
        });
        add(release, file);
    }
    // Without files it was taken back (PEP 700).
    for version in page.versions.iter().flatten() {
        releases.entry(version).or_insert_with(|| {
            order.push(version);
            HistoricRelease { version: version.clone(), ..HistoricRelease::default() }
        });
    }
    let mut all: Vec<HistoricRelease> = order.into_iter().filter_map(|version| releases.remove(version)).collect();
    all.iter_mut().for_each(|release| release.digests.sort_unstable());
    let mut history = History {
        name: page.name.clone(),
        registry: page.index.clone(),
        created: all.iter().filter_map(|release| release.published).min(),
        releases: all,
        status: page.status.clone(),
        ..History::default()
    };
    history.unavailable = unavailable(page, &history);
    history
}

fn add(release: &mut HistoricRelease, file: &ProjectFile) {
    let uploaded = file.upload_time.map(|time| Time(time.as_second()));
    release.published = [release.published, uploaded].into_iter().flatten().min();
    release.digests.extend(file.integrity.iter().map(ToString::to_string));
    release.bytes = release.bytes.max(file.size);
    release.files = Some(release.files.unwrap_or_default() + 1);
    if release.deprecated.is_none() {
        release.deprecated.clone_from(&file.yanked);
    }
    if file.provenance.is_some() {
        release.has_provenance = true;
        release.channel = Channel::Trusted { provider: String::new(), configuration: String::new() };
    }
    if let (FileLocation::Url(url), None) = (&file.location, &release.url) {
        release.url = Some(url.to_string());
    }
}

fn unavailable(page: &ProjectPage, history: &History) -> BTreeSet<SignalSource> {
    let mut unavailable = BTreeSet::from([SignalSource::Publishers, SignalSource::Maintainers, SignalSource::Commits]);
    unavailable.extend([SignalSource::Tags, SignalSource::Manifests]);
    let missing = page.unavailable();
    if missing.contains(&"provenance") {
        unavailable.insert(SignalSource::Provenance);
    }
    if missing.contains(&"upload-time") || are_falsified(&Ecosystem::Pypi, &history.releases) {
        unavailable.insert(SignalSource::Times);
    }
    unavailable
}
