//! CSAF 2.0 (<https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html>), in two profiles:
//!
//! - `csaf_security_advisory` (4.4) speaks of the releases: what records and findings say of them;
//! - `csaf_vex` (4.5) speaks of the products that were scanned: what that means to each release as a component of them.
//!
//! The status of a document is `interim`: a later scan may say otherwise.

mod tree;
mod vulnerability;
mod wire;

use std::collections::BTreeMap;
use std::io;

use vetch_model::document::PublisherCategory;

use super::matter::{Matter, matters};
use super::{DocumentError, DocumentView, digest, digits, text, time};
use crate::TOOL_NAME;
use crate::json::write_value;
use tree::Products;
use wire::{Distribution, Document, Engine, Generator, Label, Note, Publisher, Revision, Root, Tracking};

/// Which profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// About releases.
    SecurityAdvisory,
    /// About products.
    Vex,
}

/// Writes the document.
///
/// # Errors
/// When there is nothing to state, it is not set who publishes, or what `out` reports.
pub fn write(view: &DocumentView<'_>, profile: Profile, out: &mut dyn io::Write) -> Result<(), DocumentError> {
    let publisher = publisher(view)?;
    let matters = matters(view);
    if matters.is_empty() {
        return Err(DocumentError::Empty("CSAF"));
    }
    // One CVE is one entry, in however many releases it is.
    let mut by_id: BTreeMap<&str, Vec<&Matter<'_>>> = BTreeMap::new();
    for matter in &matters {
        by_id.entry(&matter.id).or_default().push(matter);
    }
    let products = Products::new(view, &matters);
    let vulnerabilities: Vec<wire::Vulnerability> =
        by_id.into_values().map(|matters| vulnerability::of(view, profile, &products, &matters)).collect();
    let tree = products.into_tree();
    let contents = serde_json::to_string(&(&tree, &vulnerabilities)).map_err(io::Error::from)?;
    let category = match profile {
        Profile::SecurityAdvisory => "csaf_security_advisory",
        Profile::Vex => "csaf_vex",
    };
    let digest = digest([category, contents.as_str()]);
    let now = time(view.now);
    let root = Root {
        document: Document {
            category,
            csaf_version: "2.0",
            title: title(view, profile),
            lang: "en",
            notes: vec![summary(profile)],
            publisher,
            distribution: view.settings.tlp.map(|tlp| Distribution { tlp: Label { label: tlp.as_str() } }),
            tracking: Tracking {
                id: format!("{}-{}", view.settings.prefix(), digits(&digest, 16)),
                status: "interim",
                version: "1",
                initial_release_date: now.clone(),
                current_release_date: now.clone(),
                revision_history: [Revision { number: "1", date: now.clone(), summary: "Made from a scan." }],
                generator: Generator {
                    date: now,
                    engine: Engine { name: TOOL_NAME, version: text(&view.tool.version) },
                },
            },
        },
        product_tree: tree,
        vulnerabilities,
    };
    Ok(write_value(&root, out)?)
}

/// Who publishes: a name and an address nobody else can make up.
fn publisher(view: &DocumentView<'_>) -> Result<Publisher, DocumentError> {
    let settings = view.settings;
    match (&settings.name, &settings.namespace) {
        (Some(name), Some(namespace)) => Ok(Publisher {
            category: settings.category.unwrap_or(PublisherCategory::User).as_str(),
            name: name.clone(),
            namespace: namespace.clone(),
            contact_details: settings.contact.clone(),
        }),
        (name, namespace) => {
            let missing = [("`name`", name.is_none()), ("`namespace`", namespace.is_none())];
            let missing: Vec<&str> = missing.into_iter().filter(|(_, is)| *is).map(|(key, _)| key).collect();
            let verb = if missing.len() == 1 { "is" } else { "are" };
            Err(DocumentError::Publisher(format!("{} {verb}", missing.join(" and "))))
        }
    }
}

fn title(view: &DocumentView<'_>, profile: Profile) -> String {
    let mut products: Vec<String> = view.products.iter().flatten().map(super::Name::label).collect();
    products.sort_unstable();
    products.dedup();
    let of = match products.as_slice() {
        [] => "what was scanned".to_owned(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    };
    let title = match profile {
        Profile::SecurityAdvisory => format!("Malicious, suspicious and vulnerable releases in {of}"),
        Profile::Vex => format!("What malicious, suspicious and vulnerable releases mean to {of}"),
    };
    text(&title).replace('\n', " ")
}

fn summary(profile: Profile) -> Note {
    let text = match profile {
        Profile::SecurityAdvisory => {
            "Releases that a scan of dependencies found malicious or suspicious by what they do or by imported records, and \
             releases that imported advisories name. A release counts as affected where a record names its version."
        }
        Profile::Vex => {
            "What a scan of dependencies knows of the effect on the scanned products. Malicious releases affect each product \
             that has them. Whether a product reaches the code of a vulnerability is under investigation unless somebody has \
             judged it."
        }
    };
    Note { category: "summary", title: Some("Summary"), text: text.to_owned() }
}
