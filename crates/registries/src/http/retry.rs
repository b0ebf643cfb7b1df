//! How long to wait before another attempt.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::npmrc::FetchSettings;

/// The pause before attempt `attempt + 1` (0 = after the first): exponential, up to
/// the longest, and between half and all of that by chance, so that many clients do
/// not come back at once. The chance is that of `seed`, for runs that repeat.
pub(crate) fn pause(settings: &FetchSettings, attempt: u32, seed: u64) -> Duration {
    let growth = settings.factor.max(1).saturating_pow(attempt);
    let full = settings.first_pause.saturating_mul(growth).min(settings.longest_pause);
    let chance = splitmix(seed.wrapping_add(u64::from(attempt))) % 1000;
    full / 2 + full / 2 * (chance as u32) / 1000
}

/// A number from a number, evenly spread (SplitMix64, Steele and others 2014).
pub(crate) fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds or a date.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit still mean "long".
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let then = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(date.as_second()).ok()?))?;
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_repeat() {
        let settings = FetchSettings::default();
        let pauses: Vec<Duration> = (0..12).map(|attempt| pause(&settings, attempt, 7)).collect();
        assert_eq!(pauses, (0..12).map(|attempt| pause(&settings, attempt, 7)).collect::<Vec<_>>());
        assert!(pauses[0] >= settings.first_pause / 2 && pauses[0] <= settings.first_pause);
        assert!(
            pauses[11] >= settings.longest_pause / 2 && pauses.iter().all(|pause| *pause <= settings.longest_pause)
        );
        assert_ne!(pause(&settings, 5, 7), pause(&settings, 5, 8));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sat, 06 Nov 1993 08:49:37 GMT", now), Some(Duration::ZERO), "a date that has passed");
        assert!(retry_after("99999999999999999999999", now).unwrap() > Duration::from_secs(1_000_000));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
    }
}
