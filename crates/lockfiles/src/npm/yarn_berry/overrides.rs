//! `resolutions` of the root manifest: which ranges are replaced by which.
//! Source: `parseResolution` of `@yarnpkg/parsers`, `Project.resolveEverything`.

use std::collections::HashMap;

use super::descriptor::normalised;
use crate::json::Value;

/// Most resolutions followed.
const MAX: usize = 10_000;

/// Most resolutions followed of one name: each is looked at for every dependency of that name.
const MAX_OF_ONE: usize = 200;

/// One `from@description/name@description: to`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Override {
    from: Option<(String, Option<String>)>,
    description: Option<String>,
    to: String,
}

/// All of them, by the name whose range they replace.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    by_name: HashMap<String, Vec<Override>>,
    /// Some were not understood, or too many.
    pub(super) not_followed: Vec<String>,
}

impl Overrides {
    /// Reads the manifest's `resolutions`.
    pub(super) fn read(manifest: &Value<'_>) -> Option<Overrides> {
        let section = manifest.as_object()?.get("resolutions")?;
        let mut overrides = Overrides::default();
        let Some(object) = section.as_object() else {
            overrides.not_followed.push("resolutions".to_owned());
            return Some(overrides);
        };
        for (index, member) in object.split_duplicates().0.into_iter().enumerate() {
            let parsed = parse(&member.key).zip(member.value.as_str()).filter(|_| index < MAX);
            match parsed {
                Some(((from, (name, description)), to)) => {
                    let list = overrides.by_name.entry(name).or_default();
                    if list.len() < MAX_OF_ONE {
                        list.push(Override { from, description, to: to.to_owned() });
                        continue;
                    }
                    overrides.not_followed.push(member.key.to_string());
                }
                None => overrides.not_followed.push(member.key.to_string()),
            }
        }
        Some(overrides)
    }

    /// The range that counts instead of `range` when `asker` (its name and
    /// reference) asks for `name`.
    pub(super) fn find(&self, asker: (&str, &str), name: &str, range: &str) -> Option<&str> {
        let is_same = |description: &str, text: &str| text == description || text == normalised(description);
        let found = self.by_name.get(name)?.iter().find(|entry| {
            let is_range = entry.description.as_ref().is_none_or(|text| is_same(text, &normalised(range)));
            let is_asker = entry.from.as_ref().is_none_or(|(from, description)| {
                from == asker.0 && description.as_ref().is_none_or(|text| is_same(text, asker.1))
            });
            is_range && is_asker
        });
        found.map(|entry| entry.to.as_str())
    }
}

type Part = (String, Option<String>);

/// `[from[@description]/]name[@description]`, with Yarn 1's `**/` in front passed over.
fn parse(pattern: &str) -> Option<(Option<Part>, Part)> {
    let (first, rest) = part(pattern.trim_start_matches("**/"))?;
    match rest {
        None => Some((None, first)),
        Some(rest) => match part(rest)? {
            (second, None) => Some((Some(first), second)),
            _ => None,
        },
    }
}

/// One `name[@description]`, and what is behind the next `/`.
fn part(text: &str) -> Option<(Part, Option<&str>)> {
    let scope = if text.starts_with('@') { text.find('/')? + 1 } else { 0 };
    let end = text.get(scope..)?.find(['/', '@']).map_or(text.len(), |at| scope + at);
    let name = text.get(..end).filter(|name| name.len() > scope)?.to_owned();
    let behind = text.get(end..)?;
    let Some(described) = behind.strip_prefix('@') else {
        return Some(((name, None), behind.strip_prefix('/')));
    };
    // A description may hold slashes (`npm:@s/a@1`): the next part starts with a name.
    let (description, rest) = match described.split_once('/') {
        Some((description, rest)) if !description.contains(['#', '@']) => (description, Some(rest)),
        _ => (described, None),
    };
    Some(((name, Some(description.to_owned())), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_are_matched_as_yarn_does() {
        let text = br#"{"resolutions": {"a": "1.0.0", "b/c": "2.0.0", "@s/d@npm:^1.0.0": "3.0.0", "b@npm:2.0.0/e@^1": "4.0.0", "**/f": "5", "g/h/i": "6", "j": 7}}"#;
        let limits = crate::json::Limits { bytes: 1000, values: 100 };
        let document = crate::json::parse(text, "package.json", limits, "").unwrap();
        let overrides = Overrides::read(&document.root).unwrap();
        let root = ("shop", "workspace:.");
        let b = ("b", "npm:2.0.0");
        assert_eq!(overrides.find(root, "a", "npm:^9"), Some("1.0.0"));
        assert_eq!(overrides.find(root, "c", "^9"), None);
        assert_eq!(overrides.find(b, "c", "^9"), Some("2.0.0"));
        assert_eq!(overrides.find(root, "@s/d", "^1.0.0"), Some("3.0.0"));
        assert_eq!(overrides.find(root, "@s/d", "npm:^2.0.0"), None);
        assert_eq!(overrides.find(b, "e", "^1"), Some("4.0.0"));
        assert_eq!(overrides.find(("b", "npm:3.0.0"), "e", "^1"), None);
        assert_eq!(overrides.find(root, "f", "^1"), Some("5"));
        assert_eq!(overrides.not_followed, ["g/h/i", "j"]);
    }
}
