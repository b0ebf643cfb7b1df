//! Versions and specifiers of Python: PEP 440 as `packaging` (26) applies it.
//!
//! Rules: <https://packaging.python.org/en/latest/specifications/version-specifiers/>.
//! Versions are read and ordered by the crate `pep440_rs`; specifiers are Vetch's own,
//! since that crate pads no zeros before wildcards (`==1.0.1.*` takes `1.0`), refuses
//! `===` with anything but a version, and settles `<` and `>` next to local and
//! post-releases differently. Legacy versions (`2004d`, `1.0-foo`) are errors. The
//! golden file `tests/golden/python.tsv` holds what `packaging` itself answers.

mod specifier;
mod version;

pub use specifier::{Operator, Prereleases, Specifier, SpecifierSet};
pub use version::Version;

/// The longest version that is read, in bytes. `packaging` has no limit.
pub const MAX_VERSION: usize = 1024;

/// The longest set of specifiers that is read, in bytes. `packaging` has no limit.
pub const MAX_SPECIFIERS: usize = 64 * 1024;

/// White space as Python's `str.strip` and `\s` have it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
