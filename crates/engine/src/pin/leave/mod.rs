//! The way out of releases that a scan found to be bad, as edits of the user's own files.
//!
//! ```text
//! mod           releases of the scan → where lockfiles and lists hold them
//! npm           package.json, overrides, package-lock.json
//! python        requirements files; other lockfiles by their own tools
//! ```
//!
//! What is written never admits a release that is known to be bad, and never one that the policy holds back: the scan chose
//! the version (`ReleaseResult::way_out`).

mod npm;
mod python;

use std::collections::HashMap;
use std::path::Path;

use vetch_lockfiles::{Format, Reading};
use vetch_model::Location;
use vetch_model::hygiene::{Lint, LintId, Repair};
use vetch_model::inventory::{Ecosystem, Package, PackageId, Role};
use vetch_model::purl::PurlParts;
use vetch_model::scan::ReleaseResult;
use vetch_model::way_out::{Good, WayOut};

use super::room::Room;
use super::{Opened, Pinning};
use crate::{EngineError, ScanReport};

/// Looks for the bad releases of a scan in the files of its target, and makes the edits that leave them. Kinds that are
/// `allowed` are left out.
///
/// # Errors
/// As [`super::review`].
pub fn leave(target: &Path, report: &ScanReport, allowed: &[LintId]) -> Result<Pinning, EngineError> {
    let opened = Opened::new(target)?;
    let discovered = opened.discover()?;
    let bad = Bad::of(&report.scan.releases);
    let files = opened.files();
    let mut room = Room::new(&files, allowed);
    room.incomplete.clone_from(&discovered.incomplete);
    for (file, reading) in &discovered.readings {
        let inventory = &reading.inventory;
        for (id, package) in inventory.iter().filter(|(_, package)| package.role == Role::Dependency) {
            if let Some(way) = bad.get(package) {
                let held = Held { file, reading, id, package, way };
                held.leave(&mut room);
            }
        }
    }
    Ok(room.finish(target.to_string_lossy().into_owned(), opened.folder.clone()))
}

/// Bad releases by what inventories call them.
struct Bad<'s>(HashMap<(Ecosystem, String, String), &'s WayOut>);

impl<'s> Bad<'s> {
    fn of(releases: &'s [ReleaseResult]) -> Bad<'s> {
        let mut all = HashMap::new();
        for release in releases {
            let (Some(out), Some(parts)) = (&release.way_out, PurlParts::parse(release.purl.as_str()).ok()) else {
                continue;
            };
            let Some(version) = parts.version.clone() else { continue };
            // npm's purls are in lower case by the specification; names are compared likewise.
            all.insert((parts.ecosystem(), parts.full_name().to_lowercase(), version), out);
        }
        Bad(all)
    }

    fn get(&self, package: &Package) -> Option<&'s WayOut> {
        let version = package.version.clone()?;
        self.0.get(&(package.ecosystem.clone(), package.name.to_lowercase(), version)).copied()
    }
}

/// A bad release where a file holds it.
struct Held<'r> {
    /// The lockfile or list.
    file: &'r str,
    reading: &'r Reading,
    id: PackageId,
    package: &'r Package,
    way: &'r WayOut,
}

impl Held<'_> {
    fn leave(&self, room: &mut Room<'_>) {
        let Some(good) = &self.way.to else {
            return self.tell(room, Repair::Decision(self.without()));
        };
        match self.reading.format {
            Format::PackageLock | Format::YarnClassic | Format::YarnBerry | Format::Pnpm | Format::Bun => {
                npm::leave(self, good, room);
            }
            Format::Requirements => python::requirement(self, good, room),
            Format::Uv | Format::Poetry | Format::Pdm | Format::PipfileLock | Format::Pylock => {
                python::lock(self, good, room);
            }
            // What is installed follows from the files above.
            _ => {}
        }
    }

    /// What there is to decide where there is no version to go to.
    fn without(&self) -> String {
        let name = &self.package.name;
        let way = self.way.words();
        match self.way.is_malicious {
            true => format!("{way}: take `{name}` out, or what asks for it (`vetch why {name}`)"),
            false => format!("{way}: replace `{name}`, or accept the risk with a reason in vetch.toml"),
        }
    }

    fn lint_id(&self) -> LintId {
        if self.way.is_malicious { LintId::MaliciousRelease } else { LintId::VulnerableRelease }
    }

    fn what(&self) -> String {
        format!("{} ({}): go to {}", self.package.label(), self.way.because.join(", "), self.way.words())
    }

    fn lint(&self, repair: Repair) -> Lint {
        let location = self.package.declared_at.clone().unwrap_or_else(|| Location::file(self.file));
        let what = match &self.way.to {
            Some(_) => self.what(),
            None => format!("{} ({})", self.package.label(), self.way.because.join(", ")),
        };
        Lint { location, id: self.lint_id(), what, repair }
    }

    fn tell(&self, room: &mut Room<'_>, repair: Repair) {
        let Lint { location, id, what, repair } = self.lint(repair);
        room.lint(id, location, what, repair);
    }

    fn version(&self) -> &str {
        self.package.version.as_deref().unwrap_or_default()
    }

    /// Whether a range may stay as it is: it takes the good version, and lets no malware in again.
    fn may_stay(&self, range: &str, good: &Good) -> bool {
        let takes = |version: &str| vetch_versions::satisfies(&self.package.ecosystem, version, range) == Some(true);
        takes(&good.version) && !(self.way.is_malicious && takes(self.version()))
    }
}
