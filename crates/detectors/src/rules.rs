//! The rules, by category. Each is `<rule_id>.rs` with its page `<rule_id>.md` beside it.

pub(crate) mod behaviour;
pub(crate) mod integrity;
pub(crate) mod intelligence;
pub(crate) mod manifest;
pub(crate) mod metadata;
pub(crate) mod name;
pub(crate) mod release;
pub(crate) mod vulnerability;

/// What nearly every rule needs.
pub(crate) mod prelude {
    pub(crate) use vetch_model::capability::{Capability, CapabilityId, EvalSource, PathClass, Resource, Trigger};
    pub(crate) use vetch_model::evidence::{Evidence, Location};
    pub(crate) use vetch_model::facts::{PackageFacts, SignalKind};
    pub(crate) use vetch_model::finding::{Category, Confidence, Finding, Severity};
    pub(crate) use vetch_model::inventory::{EdgeKind, Package, Role, Source};
    pub(crate) use vetch_model::rule::RuleMeta;

    pub(crate) use crate::input::{InstalledCopy, Note, ReleaseFacts, TargetFacts};
    pub(crate) use crate::query::*;
    pub(crate) use crate::secrets::list;

    /// What to do about a release that has run code of a stranger.
    pub(crate) const CONTAIN: &str = "Treat every machine that installed it as compromised: stop, keep the lockfile and logs, \
        rotate the credentials that were within reach, rebuild from a clean image. Pin the last good version \
        (`npm install <package>@<version> --save-exact`, or `overrides` in package.json for a transitive one; \
        `npm explain <package>` says who asks for it) and reinstall with `npm ci --ignore-scripts`.";

    /// What to do about a release that a person must look at.
    pub(crate) const REVIEW: &str = "Read the code shown before installing. Until it is understood, install with \
        `npm ci --ignore-scripts`, or pin the last version without it (`npm install <package>@<version> --save-exact`, \
        or `overrides` in package.json). If it is meant, except this rule for this content hash in `vetch.toml`, with the reason.";

    /// The same about a release of PyPI.
    pub(crate) const CONTAIN_PYTHON: &str = "Treat every machine that installed or imported it as compromised: stop, keep the \
        lockfile and logs, rotate the credentials that were within reach, rebuild from a clean image. Pin the last good \
        version (`name==version`, or a constraint for a transitive one), and make the environment anew with \
        `pip install --only-binary :all: --require-hashes -r requirements.txt` or `uv sync --no-build`.";

    /// The same about a release of PyPI.
    pub(crate) const REVIEW_PYTHON: &str = "Read the code shown before installing. Until it is understood, pin the last version \
        without it (`name==version`), and install wheels only (`pip install --only-binary :all:`), which run no code of \
        theirs at install. If it is meant, except this rule for this content hash in `vetch.toml`, with the reason.";

    /// What to do about an installed tree that is not what was locked.
    pub(crate) const VERIFY: &str = "Keep a copy for evidence, then reinstall from the lockfile: delete node_modules and run \
        `npm ci --ignore-scripts`. If nothing of yours changes installed packages (patches, builds), treat the machine as \
        compromised and rotate the credentials that were within reach.";

    /// What to do about a Python environment that is not what was installed or locked.
    pub(crate) const VERIFY_PYTHON: &str = "Keep a copy for evidence, then make the environment anew from the lockfile \
        (`uv sync`, `poetry sync`, `pip install --require-hashes -r requirements.txt` in a new one). If nothing of yours \
        changes what is installed, treat the machine as compromised and rotate the credentials that were within reach.";

    /// What to do about a lockfile that cannot be relied on.
    pub(crate) const RELOCK: &str = "Read the entries shown, compare them with the last good revision \
        (`git log -p package-lock.json`), and write the lockfile anew with `npm install --package-lock-only` \
        against a registry that serves integrity over https.";

    /// What to do about a fact that is only worth knowing.
    pub(crate) const KNOW: &str = "Nothing, if you expect it of this package. `npm ci --ignore-scripts` \
        installs without running any of it.";
}
