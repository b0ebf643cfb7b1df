//! Modules imported by URL. Those below one `name@version` are one package
//! (`https://deno.land/std@0.190.0/…`); any other URL is a package of its own.

use std::collections::HashMap;

use vetch_model::evidence::Location;
use vetch_model::inventory::{Artifact, Ecosystem, Edge, EdgeKind, Package, PackageId, Source, Unresolved};

use super::{Reader, sha256};
use crate::error::ReadError;
use crate::json::Object;
use crate::npm::dependencies::{Problem, Problems};

/// Adds the modules of `remote`, and edges from the project to them; `redirects`
/// says by which other URLs they are asked for.
pub(super) fn add<'d, 'a>(
    reader: &mut Reader<'d, 'a>,
    remote: Option<&'d Object<'a>>,
    redirects: Option<&'d Object<'a>>,
) -> Result<(), ReadError> {
    let mut packages: HashMap<&str, PackageId> = HashMap::new();
    let mut order = Vec::new();
    if let Some(map) = remote {
        reader.note_duplicates(map, None);
        for member in map.split_duplicates().0 {
            let url = member.key.as_ref();
            let group = group(url);
            let mut problems = Problems::default();
            let hash = member.value.as_str();
            if hash.is_none() {
                problems.push(Problem::wrong_type(url, &member.value, "a string"));
            }
            let integrity = hash.and_then(|hash| sha256(hash, member, &mut problems));
            let id = match packages.get(group) {
                Some(id) => *id,
                None => {
                    let id = reader.listing.push(package(group, reader.at(member.span)))?;
                    packages.insert(group, id);
                    order.push((id, group));
                    id
                }
            };
            if let Some(package) = reader.listing.inventory.packages.get_mut(id.0 as usize) {
                let file = url.rsplit('/').next().unwrap_or_default().to_owned();
                package.artifacts.push(Artifact { file, url: Some(url.to_owned()), integrity, size: None });
            }
            reader.listing.report_all(&format!("`{url}`"), problems, reader.document);
        }
    }
    let root = PackageId(0);
    for (id, group) in order {
        let name = reader.listing.inventory.package(id).name.clone();
        reader.listing.inventory.edges.push(Edge::new(root, id, name, group, EdgeKind::Production));
    }
    if let Some(map) = redirects {
        reader.note_duplicates(map, None);
        redirect(reader, map, &packages);
    }
    Ok(())
}

/// A redirect is an edge by another name: the URL that the code imports.
fn redirect(reader: &mut Reader<'_, '_>, map: &Object<'_>, packages: &HashMap<&str, PackageId>) {
    let root = PackageId(0);
    for member in map.split_duplicates().0 {
        let Some(target) = member.value.as_str() else {
            let problem = Problem::wrong_type(&member.key, &member.value, "a string");
            reader.listing.report("`redirects`", problem.text, reader.at(problem.span));
            continue;
        };
        let kind = EdgeKind::Production;
        match packages.get(group(target)) {
            Some(to) => {
                let name = reader.listing.inventory.package(*to).name.clone();
                reader.listing.inventory.edges.push(Edge::new(root, *to, name, member.key.as_ref(), kind));
            }
            // A page of types that was looked up and never loaded is redirected too.
            None => reader.listing.inventory.unresolved.push(Unresolved {
                from: root,
                name: bare(target).to_owned(),
                range: member.key.to_string(),
                kind,
            }),
        }
    }
}

fn package(group: &str, declared_at: Location) -> Package {
    let bare = bare(group);
    let (name, version) = match versioned(bare, bare.rfind('/').map_or(0, |at| at + 1)) {
        Some((at, version)) => (bare.get(..at).unwrap_or(bare), Some(version)),
        None => (bare, None),
    };
    Package {
        source: Source::Tarball { url: group.to_owned() },
        declared_at: Some(declared_at),
        ..Package::new(Ecosystem::Other("generic".to_owned()), name, version)
    }
}

/// A URL without its scheme.
fn bare(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// The URL up to and with the first segment `name@version`, else the whole.
fn group(url: &str) -> &str {
    let path = url.find(['?', '#']).map_or(url, |end| url.get(..end).unwrap_or(url));
    // Behind `https://host/`: an `@` before that is of a user's name.
    let Some(host) = path.find("://").map(|at| at + 3) else { return url };
    let mut start = match path.get(host..).and_then(|rest| rest.find('/')) {
        Some(at) => host + at + 1,
        None => return url,
    };
    loop {
        let end = path.get(start..).and_then(|rest| rest.find('/')).map(|at| start + at);
        let segment_end = end.unwrap_or(path.len());
        if end.is_some() && versioned(path.get(..segment_end).unwrap_or_default(), start).is_some() {
            return path.get(..segment_end).unwrap_or(url);
        }
        match end {
            Some(end) => start = end + 1,
            None => return url,
        }
    }
}

/// Where the `@` of the last segment `name@version`, which starts at `start`, stands,
/// and the version.
fn versioned(text: &str, start: usize) -> Option<(usize, &str)> {
    let at = text.get(start..)?.rfind('@').filter(|at| *at > 0)? + start;
    let version = text.get(at + 1..)?;
    let is_version = version.trim_start_matches(['v', '^', '~']).starts_with(|first: char| first.is_ascii_digit());
    is_version.then_some((at, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_group_by_version() {
        for (url, expected) in [
            ("https://deno.land/std@0.190.0/fmt/colors.ts", "https://deno.land/std@0.190.0"),
            ("https://deno.land/x/oak@v12.1.0/mod.ts?x=@1/", "https://deno.land/x/oak@v12.1.0"),
            ("https://esm.sh/@s/a@1.0.0/x.js", "https://esm.sh/@s/a@1.0.0"),
            ("https://me@1.h.invalid/a.ts", "https://me@1.h.invalid/a.ts"),
            ("https://h.invalid/a@main/b.ts", "https://h.invalid/a@main/b.ts"),
            ("https://esm.sh/react@18.2.0", "https://esm.sh/react@18.2.0"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(group(url), expected, "{url}");
        }
        let package = package("https://deno.land/x/oak@v12.1.0", Location::file("x"));
        assert_eq!(package.label(), "deno.land/x/oak@v12.1.0");
    }
}
