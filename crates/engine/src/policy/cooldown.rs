//! How long releases are held back: most hijacked ones are found out, and taken down, within days.
//!
//! ```toml
//! [cooldown]
//! days = 7
//!
//! [cooldown.packages]
//! "@acme/*" = 0
//! "react" = 14
//! ```

use std::fmt;

use vetch_model::Finding;
use vetch_model::history::{DAY, HistoricRelease, History, Time};
use vetch_model::inventory::{Ecosystem, Package, Role, Source};
use vetch_model::outcome::Incomplete;
use vetch_versions::Sortable;

use super::InternalName;
use super::changes::field;
use super::rules::RELEASE_IN_COOLDOWN;

/// Longest time that releases may be held back, in days.
pub(super) const MOST_DAYS: i64 = 3650;

/// For how many days releases are held back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cooldown {
    /// Of packages that nothing else is said of.
    pub days: i64,
    /// Of others, by patterns of their names; of several that cover a name the longest holds.
    pub packages: Vec<(InternalName, i64)>,
}

impl fmt::Display for Cooldown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} days", self.days)?;
        self.packages.iter().try_for_each(|(name, days)| write!(f, ", {} {days}", name.text))
    }
}

impl Cooldown {
    /// For how many days releases of a package are held back.
    pub(crate) fn of(&self, ecosystem: &Ecosystem, name: &str) -> i64 {
        let own = self.packages.iter().filter(|(pattern, _)| pattern.covers(ecosystem, name));
        own.max_by_key(|(pattern, _)| pattern.text.len()).map_or(self.days, |(_, days)| *days)
    }
}

/// What there is to say of one release.
pub(crate) enum Held {
    /// It is too young.
    Back {
        finding: Finding,
        /// The newest release before it that is old enough.
        instead: Option<String>,
    },
    /// Nobody knows how old it is.
    Unknown(Incomplete),
}

/// Whether a release is held back, by a cooldown that stands at `line` of `file`.
pub(crate) fn judge(
    (file, line, cooldown): (&str, u32, &Cooldown),
    package: &Package,
    history: Option<&History>,
    now: Time,
) -> Option<Held> {
    let days = cooldown.of(&package.ecosystem, &package.name);
    let version = package.version.as_deref()?;
    let is_looked_at = package.role == Role::Dependency && !matches!(package.ecosystem, Ecosystem::Other(_));
    if days == 0 || !is_looked_at {
        return None;
    }
    let what = format!("age of {}@{version}", package.name);
    match &package.source {
        Source::Registry { .. } | Source::Unknown { .. } => {}
        // The user's own.
        Source::Folder { .. } | Source::File { .. } => return None,
        Source::Git { .. } | Source::Tarball { .. } => {
            let hint = "take it from a registry; or allow it by its name in [cooldown.packages]";
            return Some(Held::Unknown(Incomplete::new(&what, "it comes from no registry, which would tell it", hint)));
        }
    }
    let Some(published) = history.and_then(|history| history.release(version)).and_then(appeared) else {
        let hint = "scan without --offline and --no-history; or name a registry that tells times";
        return Some(Held::Unknown(Incomplete::new(&what, "nothing at hand tells when it was published", hint)));
    };
    let age = now.since(published);
    if age >= days * DAY {
        return None;
    }
    let newest = history.and_then(|history| newest_allowed(history, package, version, now, days));
    let words = newest.map_or_else(
        || "no release before it is old enough".to_owned(),
        |allowed| format!("the newest that is old enough is {allowed}"),
    );
    let title = format!(
        "{}@{version} was published {} ago; releases are held back for {days} days, and {words}",
        package.name,
        vetch_detectors::lineage::duration(age.max(0)),
    );
    let evidence = field(file, line, "cooldown", format!("{days} days"), None, "what the policy asks for");
    let finding = Finding::new(&RELEASE_IN_COOLDOWN, title, evidence);
    Some(Held::Back { finding, instead: newest.map(str::to_owned) })
}

/// When a release was published or, of a registry that does not say, when it was first seen here.
pub(crate) fn appeared(release: &HistoricRelease) -> Option<Time> {
    release.published.or(release.fate.first_seen)
}

/// The newest release before `version` that is old enough and that the registry has nothing against.
fn newest_allowed<'h>(history: &'h History, package: &Package, version: &str, now: Time, days: i64) -> Option<&'h str> {
    let read = |version: &str| Sortable::parse(&package.ecosystem, version);
    let current = read(version);
    let allowed = history.releases.iter().filter(|release| {
        appeared(release).is_some_and(|published| now.since(published) >= days * DAY) && release.is_standing()
    });
    let versions = allowed.map(|release| (read(&release.version), release.version.as_str()));
    let before = versions.filter(|(version, _)| !version.is_prerelease() && *version < current);
    before.max().map(|(_, version)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(releases: &[(&str, i64)]) -> History {
        let releases = releases.iter().map(|(version, day)| HistoricRelease {
            version: (*version).to_owned(),
            published: Some(Time(day * DAY)),
            ..HistoricRelease::default()
        });
        History { name: "a".to_owned(), releases: releases.collect(), ..History::default() }
    }

    fn package(version: &str) -> Package {
        Package::new(Ecosystem::Npm, "a", Some(version))
    }

    fn cooldown() -> Cooldown {
        let acme = InternalName::parse("@acme/*", 3).unwrap();
        Cooldown { days: 7, packages: vec![(acme, 0)] }
    }

    fn held(package: &Package, history: Option<&History>, day: i64) -> Option<String> {
        match judge(("vetch.toml", 1, &cooldown()), package, history, Time(day * DAY))? {
            Held::Back { finding, .. } => Some(finding.title),
            Held::Unknown(incomplete) => Some(format!("unknown: {}", incomplete.why)),
        }
    }

    #[test]
    fn what_is_young_is_held_back_and_what_to_take_is_said() {
        let history = history(&[("1.0.0", 1), ("1.1.0", 50), ("1.2.0-rc.1", 60), ("1.2.0", 99)]);
        let told = held(&package("1.2.0"), Some(&history), 100).unwrap();
        assert!(told.contains("24 hours ago") && told.contains("the newest that is old enough is 1.1.0"), "{told}");
        assert_eq!(held(&package("1.2.0"), Some(&history), 106), None);
        assert_eq!(held(&package("1.0.0"), Some(&history), 8), None);
    }

    #[test]
    fn what_nobody_knows_the_age_of_is_not_let_through_in_silence() {
        assert!(held(&package("9.9.9"), Some(&history(&[("1.0.0", 1)])), 100).unwrap().starts_with("unknown"));
        assert!(held(&package("1.0.0"), None, 100).unwrap().starts_with("unknown"));
        let direct =
            Package { source: Source::Tarball { url: "https://x.invalid/a.tgz".to_owned() }, ..package("1.0.0") };
        assert!(held(&direct, Some(&history(&[("1.0.0", 1)])), 100).unwrap().starts_with("unknown"));
    }

    #[test]
    fn packages_have_times_of_their_own() {
        let own = Package { name: "@acme/tool".to_owned(), ..package("1.0.0") };
        assert_eq!(held(&own, None, 100), None);
    }
}
