//! Hygiene: what `vetch pin` and `vetch doctor` find about pinning, settings and secrets, which would let a bad release in or
//! its thief out with more; and the bad releases that `vetch fix` leaves.

use crate::Severity;
use crate::capability::stable_ids;
use crate::evidence::Location;

stable_ids! {
    /// What is wrong. The ids are permanent.
    LintId {
        /// A release that is known or found to be malicious
        MaliciousRelease = "malicious-release",
        /// A release with a known vulnerability
        VulnerableRelease = "vulnerable-release",
        /// A manifest takes other versions than the locked one
        UnpinnedRange = "unpinned-range",
        /// Dependencies, and no lockfile
        MissingLockfile = "missing-lockfile",
        /// A locked archive without a hash
        MissingIntegrity = "missing-integrity",
        /// A locked archive with a broken hash only
        WeakIntegrity = "weak-integrity",
        /// Packages come over plain http
        PlainHttpSource = "plain-http-source",
        /// A host that no setting names
        UnexpectedRegistryHost = "unexpected-registry-host",
        /// A locked URL of another package or version
        NameAndUrlMismatch = "name-and-url-mismatch",
        /// A git dependency that is no commit
        MutableGitReference = "mutable-git-reference",
        /// Requirements without hashes
        RequirementWithoutHash = "requirement-without-hash",
        /// A private scope that no setting ties to its registry
        UnboundScope = "unbound-scope",
        /// A second index that is asked for every name
        ExtraPackageIndex = "extra-package-index",
        /// Install scripts of every package run
        InstallScriptsAllowed = "install-scripts-allowed",
        /// Releases are taken the minute they come out
        ReleaseAgeMissing = "release-age-missing",
        /// A release age in the wrong unit, or too short
        ReleaseAgeUnit = "release-age-unit",
        /// pnpm does not compare how releases were published
        TrustPolicyMissing = "trust-policy-missing",
        /// A check of certificates, hashes or lockfiles is off
        CheckSwitchedOff = "check-switched-off",
        /// New dependencies are saved as ranges
        RangesSaved = "ranges-saved",
        /// A GitHub action that is no commit
        UnpinnedAction = "unpinned-action",
        /// A registry token in a file
        PlaintextToken = "plaintext-token",
        /// A token of a kind that its registry no longer gives out
        LegacyToken = "legacy-token",
        /// A token older than 90 days
        OldToken = "old-token",
        /// An account without a second factor
        TwoFactorOff = "two-factor-off",
        /// A token that publishes without the second factor
        SecondFactorBypassed = "second-factor-bypassed",
        /// CI publishes with a token that is kept
        TrustedPublishingUnused = "trusted-publishing-unused",
        /// Others may read a file with secrets
        ReadableSecret = "readable-secret",
        /// Others may write to a cache
        WritableCache = "writable-cache",
        /// Others may read a cache
        ReadableCache = "readable-cache",
        /// A secret in a project's file
        SecretInProject = "secret-in-project",
        /// A secret, or a file that is never meant for others, in what would be published
        SecretInPackage = "secret-in-package",
        /// CI installs what no lockfile holds
        LockfileNotEnforced = "lockfile-not-enforced",
        /// Intelligence that is missing or old
        OldIntelligence = "old-intelligence",
        /// Vetch cannot confine as it should here
        WeakConfinement = "weak-confinement",
        /// Vetch cannot keep its cache or state
        UnusableState = "unusable-state",
    }
}

impl LintId {
    /// How bad it is.
    pub const fn severity(self) -> Severity {
        use LintId::*;
        match self {
            MaliciousRelease => Severity::Critical,
            NameAndUrlMismatch | VulnerableRelease | PlaintextToken | ReadableSecret | SecretInPackage
            | SecretInProject => Severity::High,
            PlainHttpSource | UnboundScope | CheckSwitchedOff | MissingLockfile | UnexpectedRegistryHost => {
                Severity::High
            }
            WritableCache | LegacyToken | TwoFactorOff => Severity::High,
            UnpinnedRange | MissingIntegrity | WeakIntegrity | MutableGitReference | ExtraPackageIndex => {
                Severity::Medium
            }
            InstallScriptsAllowed | UnpinnedAction | RequirementWithoutHash | ReleaseAgeUnit => Severity::Medium,
            TrustedPublishingUnused | SecondFactorBypassed | LockfileNotEnforced | OldToken | WeakConfinement => {
                Severity::Medium
            }
            ReleaseAgeMissing | TrustPolicyMissing | ReadableCache | RangesSaved | OldIntelligence | UnusableState => {
                Severity::Low
            }
        }
    }

    /// Why it matters, in one sentence.
    pub const fn why(self) -> &'static str {
        use LintId::*;
        match self {
            MaliciousRelease => {
                "it does harm where it is installed or run; every machine that did counts as compromised, whatever is changed here"
            }
            VulnerableRelease => "what is wrong with it is public, and so is how it is used",
            UnpinnedRange => {
                "an install without the lockfile, or an update, takes whatever release is newest, also one that was hijacked an hour ago"
            }
            MissingLockfile => {
                "every install decides anew what is fetched, and nothing can be compared with what was reviewed"
            }
            MissingIntegrity => "whatever the registry, a mirror or a proxy hands out under this name is installed",
            WeakIntegrity => "archives with a chosen MD5 or SHA-1 hash can be made",
            PlainHttpSource => "anybody on the way can exchange what is fetched",
            UnexpectedRegistryHost => "a lockfile that was tampered with looks exactly like this",
            NameAndUrlMismatch => "something else is installed than the name says, and reviews do not see it",
            MutableGitReference => "a tag or branch can be moved to other code after it was reviewed",
            RequirementWithoutHash => {
                "a file that was exchanged on the index or on a mirror is installed without notice"
            }
            UnboundScope => {
                "where the setting is missing, the public registry is asked, and anybody can publish the name there (dependency confusion)"
            }
            ExtraPackageIndex => {
                "all indexes are asked for every name and the highest version wins, also one that somebody publishes on the public index (dependency confusion)"
            }
            InstallScriptsAllowed => {
                "most attacks on registries run in an install script, before anybody has called the package"
            }
            ReleaseAgeMissing => {
                "most hijacked releases are found and removed within days; a release age lets others meet them first"
            }
            ReleaseAgeUnit => {
                "npm counts days, pnpm and Yarn minutes, Bun seconds: the number means another time than it seems"
            }
            TrustPolicyMissing => {
                "a release that is suddenly published with less proof of where it comes from is how most hijacks look"
            }
            CheckSwitchedOff => "the check is what notices an exchanged archive or a tampered lockfile",
            RangesSaved => "each added dependency opens a range again that then has to be pinned",
            UnpinnedAction => {
                "a tag of an action can be moved to code that reads the secrets of the workflow, as happened to tj-actions/changed-files"
            }
            PlaintextToken => "install scripts and stealers read exactly these files",
            LegacyToken => "it does not expire, and its rights are not limited to packages",
            OldToken => "the longer a token lives, the more places it has leaked to",
            TwoFactorOff => "a stolen password or token is enough to publish",
            SecondFactorBypassed => {
                "whoever takes it publishes with nothing else; worms live on such tokens. Trusted publishing needs none"
            }
            TrustedPublishingUnused => {
                "a token that CI keeps can be stolen from it; trusted publishing has none to steal"
            }
            ReadableSecret => "every user and service of this machine can take it",
            WritableCache => "every user of this machine can put something else there, to be installed by you",
            ReadableCache => "private packages lie in it, and now and then the tokens in a log",
            SecretInProject => "whoever gets the project has the secret, and version control does not forget",
            SecretInPackage => {
                "published packages are searched for secrets within minutes, and nothing published can be taken back"
            }
            LockfileNotEnforced => "CI builds with other releases than those that were reviewed",
            OldIntelligence => "malware that became known since then is not recognised by its name and version",
            WeakConfinement => "a parser that is taken over by a hostile package could do more on this machine",
            UnusableState => "Vetch is slower, or does not remember what it should",
        }
    }
}

/// What can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// `vetch pin --fix`, or `vetch fix --write`, does this.
    Edit(String),
    /// This command does, or begins it.
    Command(String),
    /// Somebody has to decide: what, and between what.
    Decision(String),
}

/// One thing that is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// Where. Of a file outside of the target, its whole path.
    pub location: Location,
    /// What kind.
    pub id: LintId,
    /// What is wrong, in a sentence without a stop. Never a secret.
    pub what: String,
    /// What to do.
    pub repair: Repair,
}

/// What an edit changes in one file, as a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Path, relative to the folder.
    pub file: String,
    /// Whether the file is new.
    pub is_new: bool,
    /// The lines of the diff without line ends, `---` and `+++` first. Secrets are masked.
    pub lines: Vec<String>,
}

/// A command to run once edits are written, in a folder, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Afterwards {
    /// Relative to the target; empty for the target itself.
    pub folder: String,
    /// What to type.
    pub command: String,
    /// Why.
    pub why: String,
}

/// One part of what `vetch doctor` looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// `host`, `project`, `ci` or `vetch`.
    pub id: &'static str,
    /// What is wrong.
    pub lints: Vec<Lint>,
    /// What was looked at, in sentences.
    pub looked_at: Vec<String>,
    /// What could not be found out here, and why.
    pub unavailable: Vec<String>,
}
