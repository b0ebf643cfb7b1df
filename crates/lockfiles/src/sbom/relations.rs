//! SPDX relationship types: which are dependencies, in which direction, of which kind
//! (<https://spdx.github.io/spdx-spec/v2.3/relationships-between-SPDX-elements/>).

use vetch_model::inventory::EdgeKind;

use super::bom::LinkKind;

/// What a relationship says of its two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The first is linked to the second.
    Forward(LinkKind),
    /// The second is linked to the first.
    Backward(LinkKind),
    /// The first, a document, is about the second.
    Describes,
    /// The second, a document, is about the first.
    DescribedBy,
    /// No dependency: documentation, patches, licences, provenance.
    Other,
}

/// The meaning of a relationship type; `None` for one that the standard does not have.
pub(super) fn relation(name: &str) -> Option<Relation> {
    use Relation::{Backward, DescribedBy, Describes, Forward, Other};
    let wants = |kind| LinkKind::WantsAs(kind, None);
    let test = LinkKind::WantsAs(EdgeKind::Development, Some("test"));
    Some(match name {
        "DESCRIBES" => Describes,
        "DESCRIBED_BY" => DescribedBy,
        "CONTAINS" => Forward(LinkKind::Contains),
        "CONTAINED_BY" => Backward(LinkKind::Contains),
        "DEPENDS_ON" | "DYNAMIC_LINK" | "STATIC_LINK" | "HAS_PREREQUISITE" => Forward(wants(EdgeKind::Production)),
        "DEPENDENCY_OF" | "RUNTIME_DEPENDENCY_OF" | "PREREQUISITE_FOR" | "PACKAGE_OF" => {
            Backward(wants(EdgeKind::Production))
        }
        "DEV_DEPENDENCY_OF" | "DEV_TOOL_OF" => Backward(wants(EdgeKind::Development)),
        "TEST_DEPENDENCY_OF" | "TEST_TOOL_OF" => Backward(test),
        "BUILD_DEPENDENCY_OF" | "BUILD_TOOL_OF" => Backward(wants(EdgeKind::Build)),
        "OPTIONAL_DEPENDENCY_OF" | "OPTIONAL_COMPONENT_OF" => Backward(wants(EdgeKind::Optional)),
        // Whoever uses the package provides it: what npm calls a peer.
        "PROVIDED_DEPENDENCY_OF" => Backward(wants(EdgeKind::Peer)),
        "AMENDS"
        | "ANCESTOR_OF"
        | "COPY_OF"
        | "DATA_FILE_OF"
        | "DEPENDENCY_MANIFEST_OF"
        | "DESCENDANT_OF"
        | "DISTRIBUTION_ARTIFACT"
        | "DOCUMENTATION_OF"
        | "EXAMPLE_OF"
        | "EXPANDED_FROM_ARCHIVE"
        | "FILE_ADDED"
        | "FILE_DELETED"
        | "FILE_MODIFIED"
        | "GENERATED_FROM"
        | "GENERATES"
        | "METAFILE_OF"
        | "OTHER"
        | "PATCH_APPLIED"
        | "PATCH_FOR"
        | "REQUIREMENT_DESCRIPTION_FOR"
        | "SPECIFICATION_FOR"
        | "TEST_CASE_OF"
        | "TEST_OF"
        | "VARIANT_OF" => Other,
        _ => return None,
    })
}

/// What a relationship of SPDX 3 says of its elements, which has one direction for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation3 {
    /// `from` is linked to each `to`.
    Link(LinkKind),
    /// `from`, a document, is about each `to`.
    Describes,
    /// `to` is the licence that `from` declares.
    License,
    /// `to` are archives of `from`.
    Archive,
    /// No dependency.
    Other,
}

/// The meaning of a relationship type of SPDX 3 in a scope
/// (<https://spdx.github.io/spdx-spec/v3.0.1/model/Core/Vocabularies/RelationshipType/>); `None` for one that it does not have.
pub(super) fn relation3(name: &str, scope: Option<&str>) -> Option<Relation3> {
    use Relation3::{Archive, Describes, License, Link, Other};
    let kind = |otherwise| {
        Link(match scope {
            Some("development") => LinkKind::WantsAs(EdgeKind::Development, None),
            Some("test") => LinkKind::WantsAs(EdgeKind::Development, Some("test")),
            Some("build") => LinkKind::WantsAs(EdgeKind::Build, None),
            Some("runtime") if otherwise == LinkKind::Wants => LinkKind::WantsAs(EdgeKind::Production, None),
            _ => otherwise,
        })
    };
    Some(match name {
        "dependsOn" => kind(LinkKind::Wants),
        "hasDynamicLink" | "hasStaticLink" | "hasPrerequisite" => kind(LinkKind::WantsAs(EdgeKind::Production, None)),
        "usesTool" => kind(LinkKind::WantsAs(EdgeKind::Build, None)),
        "hasOptionalComponent" | "hasOptionalDependency" => kind(LinkKind::WantsAs(EdgeKind::Optional, None)),
        // Whoever uses the package provides it: what npm calls a peer.
        "hasProvidedDependency" => kind(LinkKind::WantsAs(EdgeKind::Peer, None)),
        "contains" => Link(LinkKind::Contains),
        "describes" => Describes,
        "hasDeclaredLicense" => License,
        "hasDistributionArtifact" => Archive,
        "affects"
        | "amendedBy"
        | "ancestorOf"
        | "availableFrom"
        | "configures"
        | "coordinatedBy"
        | "copiedTo"
        | "delegatedTo"
        | "descendantOf"
        | "doesNotAffect"
        | "expandsTo"
        | "exploitCreatedBy"
        | "fixedBy"
        | "fixedIn"
        | "foundBy"
        | "generates"
        | "hasAddedFile"
        | "hasAssessmentFor"
        | "hasAssociatedVulnerability"
        | "hasConcludedLicense"
        | "hasDataFile"
        | "hasDeletedFile"
        | "hasDependencyManifest"
        | "hasDocumentation"
        | "hasEvidence"
        | "hasExample"
        | "hasHost"
        | "hasInput"
        | "hasMetadata"
        | "hasOutput"
        | "hasRequirement"
        | "hasSpecification"
        | "hasTest"
        | "hasTestCase"
        | "hasVariant"
        | "invokedBy"
        | "modifiedBy"
        | "other"
        | "packagedBy"
        | "patchedBy"
        | "publishedBy"
        | "reportedBy"
        | "republishedBy"
        | "serializedInArtifact"
        | "testedOn"
        | "trainedOn"
        | "underInvestigationFor" => Other,
        _ => return None,
    })
}
