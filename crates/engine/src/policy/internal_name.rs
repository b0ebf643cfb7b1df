//! Names that are internal, as the policy says: `@acme/*`, `acme-*`, `pypi:acme-*`.

use vetch_model::inventory::Ecosystem;
use vetch_names::normal;

use super::glob::Glob;

/// A pattern of internal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalName {
    /// As written.
    pub text: String,
    /// 1-based.
    pub line: u32,
    /// Whose names; those of all if not said.
    ecosystem: Option<Ecosystem>,
    /// For each ecosystem, as that compares names.
    npm: Glob,
    pypi: Glob,
}

impl InternalName {
    /// Reads a pattern. A scope alone means all that is in it.
    ///
    /// # Errors
    /// In words, when it is no pattern of names, or would match every name.
    pub fn parse(text: &str, line: u32) -> Result<InternalName, &'static str> {
        let (ecosystem, pattern) = match text.split_once(':') {
            Some(("npm", pattern)) => (Some(Ecosystem::Npm), pattern),
            Some(("pypi", pattern)) => (Some(Ecosystem::Pypi), pattern),
            Some(_) => return Err("before `:` stands `npm` or `pypi`"),
            None => (None, text),
        };
        let letters = pattern.chars().filter(|c| c.is_alphanumeric()).count();
        if letters < 2 {
            return Err("a pattern of internal names has letters of its own, such as \"@acme/*\" or \"acme-*\"");
        }
        let whole = if pattern.starts_with('@') && !pattern.contains('/') {
            format!("{pattern}/*")
        } else {
            pattern.to_owned()
        };
        let glob = |ecosystem| Glob::parse(&normal(&ecosystem, &whole));
        let (npm, pypi) = (glob(Ecosystem::Npm)?, glob(Ecosystem::Pypi)?);
        Ok(InternalName { text: text.to_owned(), line, ecosystem, npm, pypi })
    }

    /// Whether it is about this name.
    pub fn covers(&self, ecosystem: &Ecosystem, name: &str) -> bool {
        let glob = match ecosystem {
            Ecosystem::Npm => &self.npm,
            Ecosystem::Pypi => &self.pypi,
            Ecosystem::Other(_) => return false,
        };
        self.ecosystem.as_ref().is_none_or(|own| own == ecosystem) && glob.matches(&normal(ecosystem, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_names_as_registries_compare_them() {
        let covers = |pattern, ecosystem, name| InternalName::parse(pattern, 1).unwrap().covers(&ecosystem, name);
        assert!(covers("@acme/*", Ecosystem::Npm, "@acme/tool"));
        assert!(covers("@acme", Ecosystem::Npm, "@acme/tool"));
        assert!(!covers("@acme", Ecosystem::Npm, "@acme-x/tool"));
        assert!(covers("acme_*", Ecosystem::Pypi, "Acme-Tool"));
        assert!(covers("acme-*", Ecosystem::Npm, "acme-tool"));
        assert!(!covers("pypi:acme-*", Ecosystem::Npm, "acme-tool"));
        assert!(covers("pypi:acme-*", Ecosystem::Pypi, "acme.tool"));
        assert!(!covers("acme-*", Ecosystem::Npm, "@x/acme-tool"));
    }

    #[test]
    fn what_would_match_everything_is_refused() {
        for pattern in ["*", "@*/*", "", "npm:*", "maven:a-*", "a*"] {
            assert!(InternalName::parse(pattern, 1).is_err(), "{pattern}");
        }
    }
}
