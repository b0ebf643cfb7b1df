//! SBOMs.

use std::fmt::Write;

use super::{Generated, Made, joined, of};

pub(super) fn all(packages: &[Made], direct: &[usize]) -> Vec<Generated> {
    let one = |format, file, text| Generated { format, files: vec![(file, text)] };
    vec![
        one("cyclonedx-json", "bom.json", cyclonedx_json(packages, direct)),
        one("cyclonedx-xml", "bom.xml", cyclonedx_xml(packages, direct)),
        one("spdx-json", "bom.spdx.json", spdx_json(packages, direct)),
        one("spdx-tag-value", "bom.spdx", spdx_tag_value(packages, direct)),
    ]
}

fn purl(package: &Made) -> String {
    format!("pkg:npm/{}@{}", package.name, package.version)
}

fn cyclonedx_json(packages: &[Made], direct: &[usize]) -> String {
    let components = joined(packages.iter(), ",\n", |package| {
        format!(
            "    {{\n      \"bom-ref\": \"{0}\",\n      \"type\": \"library\",\n      \"name\": \"{1}\",\n      \
             \"version\": \"{2}\",\n      \"scope\": \"required\",\n      \"purl\": \"{0}\",\n      \"hashes\": [\n        {{\n          \
             \"alg\": \"SHA-512\",\n          \"content\": \"{3}\"\n        }}\n      ],\n      \"licenses\": [\n        {{\n          \
             \"license\": {{\n            \"id\": \"MIT\"\n          }}\n        }}\n      ],\n      \"externalReferences\": [\n        \
             {{\n          \"type\": \"distribution\",\n          \
             \"url\": \"https://registry.npmjs.org/{1}/-/{1}-{2}.tgz\"\n        }}\n      ]\n    }}",
            purl(package),
            package.name,
            package.version,
            package.hex
        )
    });
    let links = |from: &str, wants: &[usize]| {
        let wants = joined(of(packages, wants), ",\n", |package| format!("        \"{}\"", purl(package)));
        format!("    {{\n      \"ref\": \"{from}\",\n      \"dependsOn\": [\n{wants}\n      ]\n    }}")
    };
    let mut dependencies = vec![links("made", direct)];
    dependencies.extend(packages.iter().map(|package| links(&purl(package), &package.wants)));
    format!(
        "{{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n  \"metadata\": {{\n    \
         \"component\": {{\n      \"bom-ref\": \"made\",\n      \"type\": \"application\",\n      \"name\": \"made\"\n    }}\n  \
         }},\n  \"components\": [\n{components}\n  ],\n  \"dependencies\": [\n{}\n  ]\n}}\n",
        dependencies.join(",\n")
    )
}

fn cyclonedx_xml(packages: &[Made], direct: &[usize]) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\" \
                    version=\"1\">\n  <metadata>\n    <component type=\"application\" bom-ref=\"made\">\n      \
                    <name>made</name>\n    </component>\n  </metadata>\n  <components>\n"
        .to_owned();
    for package in packages {
        write!(
            text,
            "    <component type=\"library\" bom-ref=\"{0}\">\n      <name>{1}</name>\n      <version>{2}</version>\n      \
             <hashes>\n        <hash alg=\"SHA-512\">{3}</hash>\n      </hashes>\n      <licenses>\n        <license>\n          \
             <id>MIT</id>\n        </license>\n      </licenses>\n      <purl>{0}</purl>\n    </component>\n",
            purl(package),
            package.name,
            package.version,
            package.hex
        )
        .ok();
    }
    text.push_str("  </components>\n  <dependencies>\n");
    let mut links = |from: &str, wants: &[usize]| {
        let wants =
            joined(of(packages, wants), "", |package| format!("      <dependency ref=\"{}\"/>\n", purl(package)));
        write!(text, "    <dependency ref=\"{from}\">\n{wants}    </dependency>\n").ok();
    };
    links("made", direct);
    packages.iter().for_each(|package| links(&purl(package), &package.wants));
    text + "  </dependencies>\n</bom>\n"
}

fn spdx_json(packages: &[Made], direct: &[usize]) -> String {
    let entries = joined(packages.iter(), "", |package| {
        format!(
            ",\n    {{\n      \"SPDXID\": \"SPDXRef-{0}\",\n      \"name\": \"{0}\",\n      \"versionInfo\": \"{1}\",\n      \
             \"downloadLocation\": \"https://registry.npmjs.org/{0}/-/{0}-{1}.tgz\",\n      \"filesAnalyzed\": false,\n      \
             \"licenseDeclared\": \"MIT\",\n      \"checksums\": [\n        {{\n          \"algorithm\": \"SHA512\",\n          \
             \"checksumValue\": \"{2}\"\n        }}\n      ],\n      \"externalRefs\": [\n        {{\n          \
             \"referenceCategory\": \"PACKAGE-MANAGER\",\n          \"referenceType\": \"purl\",\n          \
             \"referenceLocator\": \"{3}\"\n        }}\n      ]\n    }}",
            package.name,
            package.version,
            package.hex,
            purl(package)
        )
    });
    let link = |from: &str, kind: &str, to: &str| {
        format!(
            "    {{\n      \"spdxElementId\": \"SPDXRef-{from}\",\n      \"relationshipType\": \"{kind}\",\n      \
             \"relatedSpdxElement\": \"SPDXRef-{to}\"\n    }}"
        )
    };
    let mut links = vec![link("DOCUMENT", "DESCRIBES", "made")];
    links.extend(of(packages, direct).map(|package| link("made", "DEPENDS_ON", &package.name)));
    for package in packages {
        links.extend(of(packages, &package.wants).map(|want| link(&package.name, "DEPENDS_ON", &want.name)));
    }
    format!(
        "{{\n  \"spdxVersion\": \"SPDX-2.3\",\n  \"SPDXID\": \"SPDXRef-DOCUMENT\",\n  \"name\": \"made\",\n  \
         \"dataLicense\": \"CC0-1.0\",\n  \"documentNamespace\": \"https://example.com/made\",\n  \"packages\": [\n    {{\n      \
         \"SPDXID\": \"SPDXRef-made\",\n      \"name\": \"made\",\n      \"downloadLocation\": \"NOASSERTION\",\n      \
         \"filesAnalyzed\": false\n    }}{entries}\n  ],\n  \"relationships\": [\n{}\n  ]\n}}\n",
        links.join(",\n")
    )
}

fn spdx_tag_value(packages: &[Made], direct: &[usize]) -> String {
    let mut text = "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: made\n\
                    DocumentNamespace: https://example.com/made\n\nPackageName: made\nSPDXID: SPDXRef-made\n\
                    PackageDownloadLocation: NOASSERTION\nFilesAnalyzed: false\n"
        .to_owned();
    for package in packages {
        write!(
            text,
            "\nPackageName: {0}\nSPDXID: SPDXRef-{0}\nPackageVersion: {1}\nPackageDownloadLocation: \
             https://registry.npmjs.org/{0}/-/{0}-{1}.tgz\nFilesAnalyzed: false\nPackageChecksum: SHA512: {2}\n\
             PackageLicenseDeclared: MIT\nExternalRef: PACKAGE-MANAGER purl {3}\n",
            package.name,
            package.version,
            package.hex,
            purl(package)
        )
        .ok();
    }
    text.push_str("\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-made\n");
    let mut link = |from: &str, to: &str| {
        writeln!(text, "Relationship: SPDXRef-{from} DEPENDS_ON SPDXRef-{to}").ok();
    };
    of(packages, direct).for_each(|package| link("made", &package.name));
    for package in packages {
        of(packages, &package.wants).for_each(|want| link(&package.name, &want.name));
    }
    text
}
