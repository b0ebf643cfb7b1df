//! Affected versions in words.

use crate::record::{Affected, Event, Range};

/// Parts that are written out.
const MAX_PARTS: usize = 8;

/// `>=1.0.0 <1.2.3, 2.0.0`; lists are left out where ranges with bounds say the same shorter.
pub(crate) fn affected<T: AsRef<str>>(affected: &Affected<T>) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut is_all = false;
    for range in &affected.ranges {
        match written(range).as_str() {
            "" => is_all = true,
            text => parts.push(text.to_owned()),
        }
    }
    if parts.is_empty() {
        parts.extend(affected.versions.iter().map(|version| version.as_ref().to_owned()));
    }
    let more = parts.len().saturating_sub(MAX_PARTS);
    parts.truncate(MAX_PARTS);
    let mut text = parts.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    match (is_all, text.is_empty()) {
        (true, true) => "all versions".to_owned(),
        (true, false) => format!("{text}; also given as all versions"),
        (false, true) => "versions that it does not name".to_owned(),
        (false, false) => text,
    }
}

/// One range; empty for one over all versions.
fn written<T: AsRef<str>>(range: &Range<T>) -> String {
    let bounds = range.events.iter().take(2 * MAX_PARTS).filter_map(|event| match event {
        Event::Introduced(version) if version.as_ref() == "0" => None,
        Event::Limit(version) if version.as_ref() == "*" => None,
        Event::Introduced(version) => Some(format!(">={}", version.as_ref())),
        Event::Fixed(version) | Event::Limit(version) => Some(format!("<{}", version.as_ref())),
        Event::LastAffected(version) => Some(format!("<={}", version.as_ref())),
    });
    bounds.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::reach::tests::affected as read;
    use super::*;

    #[test]
    fn ranges_and_lists_read_well() {
        assert_eq!(affected(&read(">1.0.0 <1.2.3; >2.0.0 <=2.1.0; 1.0.0")), ">=1.0.0 <1.2.3, >=2.0.0 <=2.1.0");
        assert_eq!(affected(&read("0.30.4 1.14.1")), "0.30.4, 1.14.1");
        assert_eq!(affected(&read(">0")), "all versions");
        assert_eq!(affected(&read(">0; 1.0.0")), "1.0.0; also given as all versions");
        assert!(affected(&read(&"1 ".repeat(20))).ends_with("and 12 more"));
    }
}
