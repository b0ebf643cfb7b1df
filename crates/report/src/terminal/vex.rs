//! Advisories that are no findings, because of what others have judged of them (VEX), and judgements of other products.

use std::collections::BTreeMap;

use vetch_model::scan::Scan;

use super::groups::{group, listed};
use super::text::{Page, Tone};
use crate::label::{counted, release_label};

/// Says which advisories do not count, and who says why.
pub(super) fn silenced(page: &mut Page, scan: &Scan) {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut elsewhere, mut example) = (0, None);
    for release in &scan.releases {
        for advisory in &release.advisories {
            if advisory.is_silenced() {
                let name = format!("{} in {}", advisory.id, release_label(&release.purl));
                reasons.entry(advisory.vex.in_words()).or_default().push(name);
            } else if let Some(other) =
                advisory.vex.statements.iter().find(|one| !one.applies && one.status.is_relief())
            {
                elsewhere += 1;
                example.get_or_insert((advisory, other));
            }
        }
    }
    page.blank();
    for (at, (reason, names)) in reasons.iter().enumerate() {
        let mut words =
            page.prose(&format!("{} not counted:", counted(names.len(), "advisory", "advisories")), Tone::Plain);
        words.extend(page.prose(reason, Tone::Plain));
        words.push(page.text(page.glyph("–", "-"), Tone::Dim));
        words.extend(listed(page, names.iter(), Tone::Dim));
        group(page, if at == 0 { "judged" } else { "" }, Tone::Dim, &words);
    }
    if let Some((advisory, other)) = example {
        let counts = counted(elsewhere, "advisory counts", "advisories count");
        let text = format!(
            "{counts} all the same: {} speaks of {} as a part of {}, which is not what is scanned",
            other.author, advisory.id, other.within
        );
        let words = page.prose(&text, Tone::Dim);
        group(page, if reasons.is_empty() { "judged" } else { "" }, Tone::Dim, &words);
    }
    page.blank();
}
