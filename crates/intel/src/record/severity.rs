//! How bad a vulnerability is: from CVSS vectors of versions 2 to 4, else from the database's own word.

use cvss::Cvss;
use vetch_model::finding::Severity;

use super::StoredRating;

/// Longest vector that is read; the longest that CVSS 4 allows has about 200 bytes.
const MAX_VECTOR: usize = 512;

/// The rating of a vector. `None` for what is no vector, and for a score of nothing.
pub(super) fn of_vector(vector: &str) -> Option<StoredRating> {
    let vector = vector.trim();
    if vector.len() > MAX_VECTOR {
        return None;
    }
    let read: Cvss = vector.parse().ok()?;
    // One digit behind the point is all that CVSS has.
    let tenths = (read.score() * 10.0).round().clamp(0.0, 100.0) as u8;
    Some(StoredRating { severity: of_score(tenths)?, score: Some(tenths), source: vector.to_owned() })
}

/// The bands of CVSS 3 and 4, which are applied to version 2 as well: it has no word of its own for `critical`.
fn of_score(tenths: u8) -> Option<Severity> {
    match tenths {
        0 => None,
        1..=39 => Some(Severity::Low),
        40..=69 => Some(Severity::Medium),
        70..=89 => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

/// The rating by a word: GitHub writes `MODERATE`, others `medium`.
pub(super) fn of_word(word: &str) -> Option<StoredRating> {
    let severity = match word.trim().to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "important" => Severity::High,
        "moderate" | "medium" => Severity::Medium,
        "low" => Severity::Low,
        _ => return None,
    };
    Some(StoredRating { severity, score: None, source: word.trim().to_ascii_lowercase() })
}

/// Which of several vectors counts: the newest version of CVSS.
pub(super) fn rank(kind: &str) -> u8 {
    match kind {
        "CVSS_V4" => 3,
        "CVSS_V3" => 2,
        "CVSS_V2" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_all_versions_are_scored() {
        let of = |vector: &str| of_vector(vector).map(|rating| (rating.severity, rating.score.unwrap_or_default()));
        assert_eq!(of("AV:N/AC:L/Au:N/C:C/I:C/A:C"), Some((Severity::Critical, 100)));
        assert_eq!(of("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), Some((Severity::Critical, 98)));
        assert_eq!(of("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"), Some((Severity::Medium, 61)));
        assert_eq!(
            of("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
            Some((Severity::Critical, 93))
        );
        assert_eq!(of("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"), None);
    }

    #[test]
    fn what_is_no_vector_is_none() {
        for text in ["", "CVSS:9.9/AV:N", "high", "CVSS:3.1/", "AV:N/", &"AV:N/".repeat(100_000)] {
            assert_eq!(of_vector(text), None);
        }
        assert_eq!(of_word("MODERATE").map(|rating| rating.severity), Some(Severity::Medium));
        assert_eq!(of_word("unknown"), None);
    }
}
