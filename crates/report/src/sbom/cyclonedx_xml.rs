//! CycloneDX in XML: elements in the order that its schema wants.

use std::fmt::Write as _;

use super::cyclonedx::{Bom, BomComponent, Dependency, Hash, License, Property, Reference};
use super::vulnerabilities::{Source, Vulnerability};
use crate::escape;

/// The document.
pub(super) fn text(bom: &Bom<'_>) -> String {
    let mut out = Out { text: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), open: Vec::new() };
    let namespace = format!("http://cyclonedx.org/schema/bom/{}", bom.spec_version);
    let version = bom.version.to_string();
    let mut attributes = vec![("xmlns", namespace.as_str())];
    attributes.extend(bom.serial_number.as_deref().map(|number| ("serialNumber", number)));
    attributes.push(("version", &version));
    out.start("bom", &attributes);
    out.start("metadata", &[]);
    out.optional("timestamp", bom.metadata.timestamp.as_deref());
    out.start("tools", &[]);
    out.list("components", &bom.metadata.tools.components, component);
    out.end();
    component(&mut out, &bom.metadata.component);
    out.list("properties", &bom.metadata.properties, property);
    out.end();
    // The schema wants the list, be it empty.
    out.start("components", &[]);
    bom.components.iter().for_each(|one| component(&mut out, one));
    out.end();
    out.list("dependencies", &bom.dependencies, dependency);
    out.list("compositions", &bom.compositions, |out, composition| {
        out.start("composition", &[]);
        out.leaf("aggregate", &[], composition.aggregate);
        out.list("assemblies", &composition.assemblies, |out, one| out.empty("assembly", &[("ref", one)]));
        out.list("dependencies", &composition.dependencies, |out, one| out.empty("dependency", &[("ref", one)]));
        out.end();
    });
    out.list("vulnerabilities", &bom.vulnerabilities, vulnerability);
    out.end();
    out.text
}

fn vulnerability(out: &mut Out, one: &Vulnerability) {
    out.start("vulnerability", &[]);
    out.leaf("id", &[], &one.id);
    source(out, &one.source);
    out.list("references", &one.references, |out, other| {
        out.start("reference", &[]);
        out.leaf("id", &[], &other.id);
        source(out, &other.source);
        out.end();
    });
    out.list("ratings", &one.ratings, |out, rating| {
        out.start("rating", &[]);
        out.optional("score", rating.score.map(|score| score.to_string()).as_deref());
        out.leaf("severity", &[], &rating.severity);
        out.end();
    });
    out.optional("description", Some(one.description.as_str()).filter(|text| !text.is_empty()));
    out.optional("recommendation", Some(one.recommendation.as_str()).filter(|text| !text.is_empty()));
    if let Some(analysis) = &one.analysis {
        out.start("analysis", &[]);
        out.leaf("state", &[], analysis.state);
        out.leaf("detail", &[], analysis.detail);
        out.end();
    }
    out.list("affects", &one.affects, |out, affected| {
        out.start("target", &[]);
        out.leaf("ref", &[], &affected.reference);
        out.end();
    });
    out.end();
}

fn source(out: &mut Out, source: &Source) {
    out.start("source", &[]);
    out.leaf("name", &[], source.name);
    out.optional("url", source.url);
    out.end();
}

fn component(out: &mut Out, component: &BomComponent<'_>) {
    let mut attributes = vec![("type", component.kind)];
    attributes.extend(component.bom_ref.map(|reference| ("bom-ref", reference)));
    out.start("component", &attributes);
    out.optional("group", component.group);
    out.leaf("name", &[], component.name);
    out.optional("version", component.version);
    out.optional("scope", component.scope);
    out.list("hashes", &component.hashes, hash);
    out.list("licenses", &component.licenses, |out, licence| match licence {
        License::Expression(expression) => out.leaf("expression", &[], expression),
        License::License(named) => {
            out.start("license", &[]);
            out.leaf("name", &[], named.name);
            out.end();
        }
    });
    out.optional("purl", component.purl);
    out.list("externalReferences", &component.external_references, reference);
    out.list("properties", &component.properties, property);
    out.end();
}

fn hash(out: &mut Out, hash: &Hash) {
    out.leaf("hash", &[("alg", &hash.alg)], &hash.content);
}

fn reference(out: &mut Out, reference: &Reference) {
    out.start("reference", &[("type", reference.kind)]);
    out.leaf("url", &[], &reference.url);
    out.list("hashes", &reference.hashes, hash);
    out.end();
}

fn property(out: &mut Out, property: &Property) {
    out.leaf("property", &[("name", property.name)], &property.value);
}

fn dependency(out: &mut Out, dependency: &Dependency<'_>) {
    let attributes = [("ref", dependency.reference)];
    if dependency.depends_on.is_empty() {
        return out.empty("dependency", &attributes);
    }
    out.start("dependency", &attributes);
    dependency.depends_on.iter().for_each(|asked| out.empty("dependency", &[("ref", asked)]));
    out.end();
}

/// Indented XML. Everything passes through [`escape::xml`] but the names of elements and attributes, which are ours.
struct Out {
    text: String,
    open: Vec<&'static str>,
}

impl Out {
    fn tag(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        let _ = write!(self.text, "{:1$}<{name}", "", 2 * self.open.len());
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"{}\"", escape::xml(value));
        }
    }

    fn start(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.tag(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name);
    }

    fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            let _ = writeln!(self.text, "{:1$}</{name}>", "", 2 * self.open.len());
        }
    }

    fn empty(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.tag(name, attributes);
        self.text.push_str("/>\n");
    }

    fn leaf(&mut self, name: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.tag(name, attributes);
        let _ = writeln!(self.text, ">{}</{name}>", escape::xml(text));
    }

    fn optional(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.leaf(name, &[], text);
        }
    }

    /// A list in an element of its own, unless it is empty.
    fn list<T>(&mut self, name: &'static str, items: &[T], mut write: impl FnMut(&mut Out, &T)) {
        if items.is_empty() {
            return;
        }
        self.start(name, &[]);
        items.iter().for_each(|item| write(self, item));
        self.end();
    }
}
