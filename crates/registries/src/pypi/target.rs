//! Whom to ask for a project, and whom never.

use url::Url;
use vetch_model::purl::normalised;

use super::client::ProjectRequest;
use super::error::IndexError;
use super::settings::{FindLinks, Index, PUBLIC_INDEX, PypiConfig, PythonLayer, SettingOrigin, Strategy};
use crate::http::cut;
use crate::npmrc::merge::registry_url;

/// Whom a project is asked of.
#[derive(Debug)]
pub(crate) struct Targets<'c> {
    /// The normalised name.
    pub(crate) name: String,
    /// In this order.
    pub(crate) indexes: Vec<Index>,
    /// Places of links, besides.
    pub(crate) links: &'c [FindLinks],
    /// Which may answer.
    pub(crate) strategy: Strategy,
}

/// The indexes of a project: the one that it is tied to, or those of its tool.
pub(crate) fn targets<'c>(config: &'c PypiConfig, request: &ProjectRequest) -> Result<Targets<'c>, IndexError> {
    let name = project_name(&request.name)?;
    let set = config.indexes(request.tool);
    if let Some(tie) = request.index.as_deref().or_else(|| set.pins.get(&name).map(String::as_str)) {
        let index = tied(config, request, tie).ok_or_else(|| IndexError::UnknownIndex {
            name: name.clone(),
            index: cut(&crate::http::without_secrets(tie)),
        })?;
        return Ok(Targets { name, indexes: vec![index], links: &[], strategy: Strategy::First });
    }
    if let Some(origin) = set.unusable.first().filter(|_| !set.no_index) {
        return Err(IndexError::UnusableIndex { name, origin: origin.clone() });
    }
    let all = set.indexes.iter().filter(|index| !index.explicit && !set.no_index);
    // What is only asked in need comes last, whatever its place.
    let (later, first): (Vec<&Index>, Vec<&Index>) = all.partition(|index| index.supplemental);
    let indexes: Vec<Index> = first.into_iter().chain(later).cloned().collect();
    if indexes.is_empty() && set.find_links.is_empty() {
        return Err(IndexError::NoIndex { name });
    }
    Ok(Targets { name, indexes, links: &set.find_links, strategy: set.strategy })
}

/// The index that a lockfile or the project names, by URL or by name.
fn tied(config: &PypiConfig, request: &ProjectRequest, tie: &str) -> Option<Index> {
    let set = config.indexes(request.tool);
    if tie.contains("://") {
        let url = registry_url(tie)?;
        let known = set.indexes.iter().find(|index| same(&index.url, &url));
        return Some(known.cloned().unwrap_or_else(|| unlisted(url)));
    }
    set.named(tie).cloned().or_else(|| {
        // The tools' own name for the public index.
        tie.eq_ignore_ascii_case("pypi").then(|| registry_url(PUBLIC_INDEX).map(unlisted)).flatten()
    })
}

/// Of which no settings speak: it gets no credentials but those of its host, and no private address.
fn unlisted(url: Url) -> Index {
    let origin = SettingOrigin::new(PythonLayer::Project, "the lockfile", 0);
    Index { name: None, url, explicit: false, supplemental: false, flat: false, origin }
}

fn same(one: &Url, other: &Url) -> bool {
    one.as_str().trim_end_matches('/') == other.as_str().trim_end_matches('/')
}

/// A normalised name that can stand in a path (PEP 508: letters, digits, and between them `-`, `_`, `.`).
pub(crate) fn project_name(text: &str) -> Result<String, IndexError> {
    let unusable = || IndexError::UnusableName { name: cut(text) };
    if !text.is_ascii() || text.len() > 200 {
        return Err(unusable());
    }
    let name = normalised(text);
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let plain = !name.is_empty() && !name.starts_with('-') && !name.ends_with('-') && name.bytes().all(inner);
    if plain { Ok(name) } else { Err(unusable()) }
}

/// Where an index has a project: the base with `name/`.
pub(crate) fn page_url(index: &Index, name: &str) -> Url {
    let mut url = index.url.clone();
    if !index.flat {
        let path = format!("{}{name}/", index.url.path());
        url.set_path(&path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_projects_reach_a_path() {
        for (text, name) in [("Zope.Interface", "zope-interface"), ("a__b", "a-b"), ("x1", "x1")] {
            assert_eq!(project_name(text).unwrap(), name);
        }
        for text in ["", ".", "..", "-a", "a-", "a/b", "../a", "a b", "a?b", "a%2fb", "é", &"a".repeat(300)] {
            assert!(matches!(project_name(text), Err(IndexError::UnusableName { .. })), "{text}");
        }
    }
}
