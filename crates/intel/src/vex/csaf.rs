//! CSAF 2.0 (<https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html>) and 2.1, of the profile VEX (4.5): products are
//! purls of `product_identification_helper`, by themselves or as parts that relationships put into others.

use std::collections::HashMap;

use serde::Deserialize;
use vetch_model::vex::VexStatus;

use super::product::named;
use super::{Named, Said, VexDocument, Whole, cut, ids, line, name, seconds};

/// The category of documents that judge.
const VEX: &str = "csaf_vex";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    document: Option<Head>,
    product_tree: Option<Tree>,
    vulnerabilities: Option<Vec<Vulnerability>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    category: Option<String>,
    publisher: Option<Publisher>,
    tracking: Option<Tracking>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Publisher {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tracking {
    id: Option<String>,
    status: Option<String>,
    current_release_date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tree {
    branches: Option<Vec<Branch>>,
    full_product_names: Option<Vec<FullName>>,
    relationships: Option<Vec<Relationship>>,
    product_groups: Option<Vec<Group>>,
}

/// Branches lie in branches; the reader of JSON bounds how deep.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Branch {
    category: Option<String>,
    name: Option<String>,
    product: Option<FullName>,
    branches: Option<Vec<Branch>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FullName {
    name: Option<String>,
    product_id: Option<String>,
    product_identification_helper: Option<Helper>,
}

/// `purl` in 2.0, `purls` in 2.1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Helper {
    purl: Option<String>,
    purls: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Relationship {
    full_product_name: Option<FullName>,
    product_reference: Option<String>,
    relates_to_product_reference: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Group {
    group_id: Option<String>,
    product_ids: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    cve: Option<String>,
    ids: Option<Vec<OtherId>>,
    product_status: Option<HashMap<String, Vec<String>>>,
    flags: Option<Vec<Remark>>,
    threats: Option<Vec<Remark>>,
    remediations: Option<Vec<Remark>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OtherId {
    text: Option<String>,
}

/// A flag, a threat or a remediation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Remark {
    label: Option<String>,
    category: Option<String>,
    details: Option<String>,
    product_ids: Option<Vec<String>>,
    group_ids: Option<Vec<String>>,
}

pub(super) fn read(bytes: &[u8]) -> Result<VexDocument, String> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let head = wire.document.unwrap_or_default();
    let category = head.category.unwrap_or_default();
    if category != VEX {
        let category = cut(&category, 60);
        return Err(format!("it is a CSAF document of the category `{category}`; only `{VEX}` judges products"));
    }
    let tracking = head.tracking.unwrap_or_default();
    if tracking.status.as_deref() == Some("draft") {
        return Err("it is a draft, which says nothing yet; import it when its `tracking.status` is another".to_owned());
    }
    let mut document = VexDocument {
        author: name(head.publisher.and_then(|publisher| publisher.name).as_deref().unwrap_or_default()),
        id: name(tracking.id.as_deref().unwrap_or_default()),
        modified: seconds(tracking.current_release_date.as_deref()),
        ..VexDocument::default()
    };
    let products = Products::new(wire.product_tree.unwrap_or_default());
    for vulnerability in wire.vulnerabilities.iter().flatten() {
        take(&mut document, vulnerability, &products)?;
    }
    Ok(document)
}

/// All that is said of one vulnerability.
fn take(document: &mut VexDocument, vulnerability: &Vulnerability, products: &Products) -> Result<(), String> {
    let others = vulnerability.ids.iter().flatten().filter_map(|id| id.text.as_deref());
    let ids = ids(vulnerability.cve.as_deref().into_iter().chain(others));
    if ids.is_empty() {
        document.not_understood("a vulnerability has neither `cve` nor `ids`".to_owned());
        return Ok(());
    }
    let flags = remarks(vulnerability.flags.as_deref(), products, |flag| flag.label.as_deref());
    let is_impact = |threat: &Remark| threat.category.as_deref() == Some("impact");
    let impacts = remarks(vulnerability.threats.as_deref(), products, |threat| {
        threat.details.as_deref().filter(|_| is_impact(threat))
    });
    let actions = remarks(vulnerability.remediations.as_deref(), products, |one| one.details.as_deref());
    let lists = vulnerability.product_status.iter().flatten();
    let mut lists: Vec<(VexStatus, &Vec<String>)> =
        lists.filter_map(|(list, products)| Some((status(list)?, products))).collect();
    lists.sort();
    for (status, product_ids) in lists {
        for id in product_ids {
            let text = |of: &HashMap<&str, &str>| of.get(id.as_str()).copied().unwrap_or_default().to_owned();
            let (justification, impact) = (name(&text(&flags)), line(&text(&impacts)));
            if status == VexStatus::NotAffected && justification.is_empty() && impact.is_empty() {
                let label = ids.first().map(String::as_str).unwrap_or_default();
                document.not_understood(format!(
                    "{label}: `known_not_affected` of `{}` has neither a flag nor an impact statement",
                    cut(id, 80)
                ));
                continue;
            }
            let text = if status == VexStatus::Affected { line(&text(&actions)) } else { impact };
            let said = Said { ids: ids.clone(), status, justification, text, time: None };
            document.add(&said, &products.named(id))?;
        }
    }
    Ok(())
}

/// What a list of `product_status` says; `recommended` says nothing of the vulnerability.
fn status(list: &str) -> Option<VexStatus> {
    Some(match list {
        "known_not_affected" => VexStatus::NotAffected,
        "fixed" | "first_fixed" => VexStatus::Fixed,
        "known_affected" | "first_affected" | "last_affected" => VexStatus::Affected,
        "under_investigation" => VexStatus::UnderInvestigation,
        _ => return None,
    })
}

/// What is remarked on each product, by its id; the first counts.
fn remarks<'w>(
    all: Option<&'w [Remark]>,
    products: &'w Products,
    of: impl Fn(&'w Remark) -> Option<&'w str>,
) -> HashMap<&'w str, &'w str> {
    let mut remarks = HashMap::new();
    for remark in all.into_iter().flatten() {
        let Some(text) = of(remark) else { continue };
        let groups = remark.group_ids.iter().flatten().filter_map(|id| products.groups.get(id)).flatten();
        for product in remark.product_ids.iter().flatten().chain(groups) {
            remarks.entry(product.as_str()).or_insert(text);
        }
    }
    remarks
}

/// The product tree, by id.
#[derive(Default)]
struct Products {
    all: HashMap<String, Entry>,
    /// A part and what it is a part of, by the id of both together.
    related: HashMap<String, (String, String)>,
    groups: HashMap<String, Vec<String>>,
}

/// A product, with what its branches say of it.
struct Entry {
    purls: Vec<String>,
    name: String,
    version: Option<String>,
    /// Its branch stands for a range of versions.
    is_range: bool,
}

/// What the branches above say.
#[derive(Clone, Copy, Default)]
struct Above<'b> {
    name: Option<&'b str>,
    version: Option<&'b str>,
    is_range: bool,
}

impl Products {
    fn new(tree: Tree) -> Products {
        let mut products = Products::default();
        for branch in tree.branches.iter().flatten() {
            products.branch(branch, Above::default());
        }
        for product in tree.full_product_names.iter().flatten() {
            products.product(product, Above::default());
        }
        for one in tree.relationships.into_iter().flatten() {
            let id = one.full_product_name.and_then(|name| name.product_id);
            if let (Some(id), Some(part), Some(whole)) = (id, one.product_reference, one.relates_to_product_reference) {
                products.related.entry(id).or_insert((part, whole));
            }
        }
        for group in tree.product_groups.into_iter().flatten() {
            if let Some(id) = group.group_id {
                products.groups.insert(id, group.product_ids.unwrap_or_default());
            }
        }
        products
    }

    fn branch<'b>(&mut self, branch: &'b Branch, above: Above<'b>) {
        let name = branch.name.as_deref();
        let above = match branch.category.as_deref() {
            Some("product_name") => Above { name, ..above },
            Some("product_version") => Above { version: name, ..above },
            Some("product_version_range") => Above { is_range: true, ..above },
            _ => above,
        };
        if let Some(product) = &branch.product {
            self.product(product, above);
        }
        for branch in branch.branches.iter().flatten() {
            self.branch(branch, above);
        }
    }

    fn product(&mut self, product: &FullName, above: Above<'_>) {
        let Some(id) = &product.product_id else { return };
        let helper = product.product_identification_helper.as_ref();
        let purls = helper.into_iter().flat_map(|helper| {
            helper.purl.iter().chain(helper.purls.iter().flatten()).cloned().collect::<Vec<String>>()
        });
        let entry = Entry {
            purls: purls.collect(),
            name: name(above.name.or(product.name.as_deref()).unwrap_or_default()),
            version: above.version.map(str::to_owned),
            is_range: above.is_range,
        };
        self.all.entry(id.clone()).or_insert(entry);
    }

    /// What an id stands for.
    fn named(&self, id: &str) -> Vec<Named> {
        if let Some(entry) = self.all.get(id) {
            return entry.named(None);
        }
        let Some((part, whole)) = self.related.get(id) else {
            return vec![Named::Unclear(format!("`{}` is no product of its tree", cut(id, 80)))];
        };
        match (self.all.get(part), self.all.get(whole)) {
            (Some(part), Some(whole)) => part.named(Some(whole)),
            // A part of a part: of what it is told would have to be followed through all of them.
            _ => vec![Named::Unclear(format!("`{}` is a part of something that is a part itself", cut(id, 80)))],
        }
    }
}

impl Entry {
    fn named(&self, within: Option<&Entry>) -> Vec<Named> {
        if self.purls.is_empty() {
            return vec![Named::Foreign];
        }
        let whole = within.map(|within| {
            let purl = within.purls.first().map(String::as_str).unwrap_or_default();
            Whole::new(purl, &within.name, within.version.as_deref())
        });
        if within.is_some_and(|within| within.is_range) {
            return vec![Named::Unclear("it speaks of a range of versions of a product".to_owned())];
        }
        let named = |purl: &String| match named(purl, self.version.as_deref(), whole.clone()) {
            // The purl says less than the branch that it stands in.
            Named::Part(product) if self.is_range && product.version.is_none() => {
                Named::Unclear(format!("`{}` stands for a range of versions, and names none", cut(purl, 120)))
            }
            named => named,
        };
        self.purls.iter().map(named).collect()
    }
}
