//! Times of records (RFC 3339), in microseconds.

/// Reads a time, or a day, which stands for its beginning.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_microsecond());
    }
    // Old records have times without a zone, and days.
    let day = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_precisions_are_read() {
        assert_eq!(micros("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(micros("1970-01-01T00:00:00.000002Z"), Some(2));
        assert_eq!(micros("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(micros("1970-01-02"), Some(86_400_000_000));
        for text in ["", "now", "2026-13-01T00:00:00Z", "9".repeat(1000).as_str()] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
