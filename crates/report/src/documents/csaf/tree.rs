//! The product tree: releases, the products that were scanned, and each release as a component of them.

use std::collections::BTreeMap;

use super::super::matter::Matter;
use super::super::{DocumentView, Name, text};
use super::wire::{FullName, Helper, Relationship, Tree};

/// What the tree is made of, by number of the release.
pub(super) struct Products {
    names: Vec<FullName>,
    relationships: Vec<Relationship>,
    releases: BTreeMap<usize, String>,
    components: BTreeMap<usize, Vec<String>>,
}

impl Products {
    pub(super) fn new(view: &DocumentView<'_>, matters: &[Matter<'_>]) -> Products {
        let mut products = Products {
            names: Vec::new(),
            relationships: Vec::new(),
            releases: BTreeMap::new(),
            components: BTreeMap::new(),
        };
        let mut scanned: BTreeMap<&Name, String> = BTreeMap::new();
        for matter in matters {
            if products.releases.contains_key(&matter.number) {
                continue;
            }
            let release = format!("release-{}", products.releases.len() + 1);
            products.names.push(full_name(matter.name, &release));
            let own = view.products.get(matter.number).map(Vec::as_slice).unwrap_or_default();
            let mut components = Vec::new();
            for product in own {
                let next = format!("product-{}", scanned.len() + 1);
                let id = scanned.entry(product).or_insert_with(|| {
                    products.names.push(full_name(product, &next));
                    next
                });
                let both = format!("{release}-in-{id}");
                products.relationships.push(Relationship {
                    category: "default_component_of",
                    full_product_name: FullName {
                        name: text(&format!("{} in {}", matter.name.label(), product.label())),
                        product_id: both.clone(),
                        product_identification_helper: None,
                    },
                    product_reference: release.clone(),
                    relates_to_product_reference: id.clone(),
                });
                components.push(both);
            }
            products.components.insert(matter.number, components);
            products.releases.insert(matter.number, release);
        }
        products
    }

    /// The release by itself.
    pub(super) fn release(&self, number: usize) -> String {
        self.releases.get(&number).cloned().unwrap_or_default()
    }

    /// The release as a component of each product; the release itself where it was scanned by itself.
    pub(super) fn components(&self, number: usize) -> Vec<String> {
        match self.components.get(&number).filter(|all| !all.is_empty()) {
            Some(all) => all.clone(),
            None => vec![self.release(number)],
        }
    }

    pub(super) fn into_tree(self) -> Tree {
        Tree { full_product_names: self.names, relationships: self.relationships }
    }
}

/// A name and, but for what no registry knows, a purl.
fn full_name(name: &Name, id: &str) -> FullName {
    let purl = Some(name.purl.clone()).filter(|purl| !purl.starts_with("pkg:generic/"));
    let label = text(&name.label()).replace('\n', " ");
    FullName {
        name: if label.is_empty() { "a package without a name".to_owned() } else { label },
        product_id: id.to_owned(),
        product_identification_helper: purl.map(|purl| Helper { purl }),
    }
}
