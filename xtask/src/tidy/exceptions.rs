//! Every exception to the tidy checks, by name and with its reason. One that is no longer needed is a problem itself.

use std::collections::BTreeSet;

use super::Problem;

/// Files longer than the limit.
const LONG_FILES: &[(&str, &str)] = &[];

/// Functions longer than the limit, as `path#function`.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Files in which paths that look like a developer's machine are meant: they tell where attacked systems keep things.
const MACHINE_PATHS: &[(&str, &str)] = &[
    ("crates/archive/src/paths.rs", "an absolute path of another system, which an archive may hold"),
    ("crates/behaviour/src/paths.rs", "classes of paths that packages touch"),
    ("crates/detectors/src/rules/behaviour/download_and_execute.rs", "temporary folders of attacked systems"),
    ("crates/engine/src/cache/tests.rs", "a home folder for a test, in no need to exist"),
];

/// Packages with lints of their own instead of the workspace's.
const OWN_LINTS: &[(&str, &str)] = &[
    ("crates/sandbox", "may hold unsafe blocks: system calls"),
    ("fuzz", "the entry points that libfuzzer's macro writes are unsafe"),
];

/// The kinds of exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    LongFile,
    LongFunction,
    MachinePath,
    OwnLints,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::LongFile, Kind::LongFunction, Kind::MachinePath, Kind::OwnLints];

    fn table(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Kind::LongFile => LONG_FILES,
            Kind::LongFunction => LONG_FUNCTIONS,
            Kind::MachinePath => MACHINE_PATHS,
            Kind::OwnLints => OWN_LINTS,
        }
    }
}

/// The exceptions, and which of them were needed.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    used: BTreeSet<(Kind, String)>,
}

impl Exceptions {
    /// Whether this is an exception; it then counts as needed.
    pub(super) fn allow(&mut self, kind: Kind, name: &str) -> bool {
        let listed = kind.table().iter().any(|(listed, _)| *listed == name);
        if listed {
            self.used.insert((kind, name.to_owned()));
        }
        listed
    }

    /// Those that nothing needed.
    pub(super) fn unused(&self) -> impl Iterator<Item = Problem> {
        let all = Kind::ALL.into_iter().flat_map(|kind| kind.table().iter().map(move |(name, _)| (kind, *name)));
        all.filter(|(kind, name)| !self.used.contains(&(*kind, (*name).to_owned()))).map(|(kind, name)| {
            Problem::new(
                "xtask/src/tidy/exceptions.rs",
                0,
                format!("{kind:?} of `{name}` is needed no more: remove it"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_needs_is_a_problem() {
        let mut exceptions = Exceptions::default();
        let all = exceptions.unused().count();
        assert!(exceptions.allow(Kind::OwnLints, "fuzz"));
        assert!(!exceptions.allow(Kind::LongFile, "fuzz"));
        assert_eq!(exceptions.unused().count(), all - 1);
    }
}
