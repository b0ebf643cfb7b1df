//! A bounded collection of anomalies: hostile archives have millions.

use std::collections::BTreeMap;
use vetch_model::facts::{AnomalyKind, ContainerAnomaly};

/// Longest path quoted in an anomaly, in characters.
const QUOTED_PATH: usize = 512;

/// Keeps the first few of each kind, so that a flood of one kind cannot push
/// out another (a `limit-exceeded` behind ten thousand links), and counts the rest.
#[derive(Debug)]
pub(crate) struct Anomalies {
    kept: Vec<ContainerAnomaly>,
    seen: BTreeMap<AnomalyKind, usize>,
    per_kind: usize,
}

impl Anomalies {
    pub(crate) fn new(per_kind: usize) -> Self {
        Anomalies { kept: Vec::new(), seen: BTreeMap::new(), per_kind: per_kind.max(1) }
    }

    /// `detail` is only made when the anomaly is kept.
    pub(crate) fn add(&mut self, kind: AnomalyKind, path: &str, detail: impl FnOnce() -> String) {
        let seen = self.seen.entry(kind).or_default();
        *seen += 1;
        if *seen <= self.per_kind {
            let path = path.chars().take(QUOTED_PATH).collect();
            self.kept.push(ContainerAnomaly { kind, path, detail: detail() });
        }
    }

    /// In the order found; then, for each kind with more, how many more.
    pub(crate) fn finish(mut self) -> Vec<ContainerAnomaly> {
        for (kind, seen) in self.seen {
            if let Some(more @ 1..) = seen.checked_sub(self.per_kind) {
                let detail = format!("and {more} more of this kind");
                self.kept.push(ContainerAnomaly { kind, path: String::new(), detail });
            }
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_leaves_room_for_another() {
        let mut anomalies = Anomalies::new(2);
        for _ in 0..1000 {
            anomalies.add(AnomalyKind::Link, "a", String::new);
        }
        anomalies.add(AnomalyKind::LimitExceeded, "b", || "too much".to_owned());
        let kept = anomalies.finish();
        assert_eq!(kept.len(), 4);
        assert_eq!(kept[2].kind, AnomalyKind::LimitExceeded);
        assert_eq!(kept[3].detail, "and 998 more of this kind");
    }
}
