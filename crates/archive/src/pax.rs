//! PAX extended headers and GNU long names: what overrides the next header.

use crate::header::cut_at_nul;

/// Fields that override those of the next entry (or, global, of all that follow).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub(crate) path: Option<String>,
    /// For show only, and shortened: it is copied for every entry that follows.
    pub(crate) link: Option<String>,
    pub(crate) size: Option<u64>,
    /// Describes a sparse file, which npm writes as stored.
    pub(crate) sparse: bool,
    /// Which other numbers are given, in bits: npm then does not look at those of the header.
    pub(crate) given: u8,
}

/// What is wrong with a PAX header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PaxError {
    #[error(
        "its records are damaged, or npm reads them unlike the standard does: other readers see another name or size"
    )]
    Ambiguous,
    #[error("its size is not a decimal number, so that readers disagree where the next entry starts")]
    Size,
}

impl Overrides {
    pub(crate) const MODE: u8 = 1;
    pub(crate) const UID: u8 = 2;
    pub(crate) const GID: u8 = 4;
    pub(crate) const MTIME: u8 = 8;
    pub(crate) const ATIME: u8 = 16;
    pub(crate) const CTIME: u8 = 32;

    /// Takes over the records of a PAX header as npm reads them: line by line,
    /// although a value may contain a line break (POSIX.1-2001, "pax Extended
    /// Header"). Where that makes a difference the header is ambiguous, which
    /// is reported after the records were taken over.
    pub(crate) fn apply_pax(&mut self, bytes: &[u8]) -> Result<(), PaxError> {
        let mut by_npm = Overrides::default();
        let text = String::from_utf8_lossy(bytes);
        for line in text.strip_suffix('\n').unwrap_or(&text).split('\n') {
            if let Some((key, value)) = npm_record(line) {
                by_npm.set(key, &value)?;
            }
        }
        let mut by_standard = Overrides::default();
        let sound = standard_records(bytes, &mut by_standard);
        let same = sound && by_npm == by_standard;
        self.path = by_npm.path.or(self.path.take());
        self.link = by_npm.link.or(self.link.take());
        self.size = by_npm.size.or(self.size);
        self.given |= by_npm.given;
        self.sparse |= by_npm.sparse || by_standard.sparse;
        if same { Ok(()) } else { Err(PaxError::Ambiguous) }
    }

    pub(crate) fn set_link(&mut self, target: &str) {
        self.link = Some(cut_at_nul(target).chars().take(512).collect());
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), PaxError> {
        match key {
            "path" => self.path = Some(cut_at_nul(value)),
            "linkpath" => self.set_link(value),
            "size" => self.size = Some(decimal(value).ok_or(PaxError::Size)?),
            "mode" => self.given |= Self::MODE,
            "uid" => self.given |= Self::UID,
            "gid" => self.given |= Self::GID,
            "mtime" => self.given |= Self::MTIME,
            "atime" => self.given |= Self::ATIME,
            "ctime" => self.given |= Self::CTIME,
            _ => self.sparse |= key.starts_with("GNU.sparse."),
        }
        Ok(())
    }
}

/// Digits only, and exact in JavaScript.
fn decimal(value: &str) -> Option<u64> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|size| digits && *size < 1 << 53)
}

/// One line as npm's reader takes it: `<length> <key>=<value>`, dropped when
/// the length is not that of the line.
fn npm_record(line: &str) -> Option<(&str, String)> {
    let start = line.trim_start();
    let digits = start.find(|c: char| !c.is_ascii_digit()).unwrap_or(start.len());
    let length: usize = start[..digits].parse().ok()?;
    if length != line.len() + 1 {
        return None;
    }
    let record = line.get(length.to_string().len() + 1..)?;
    let (key, value) = record.split_once('=').unwrap_or((record, ""));
    (!key.is_empty()).then(|| (key, value.to_owned()))
}

/// All records as the standard has them; whether they are sound.
fn standard_records(mut bytes: &[u8], overrides: &mut Overrides) -> bool {
    while bytes.first().is_some_and(|first| *first != 0) {
        let Some((record, rest)) = standard_record(bytes) else { return false };
        let Some((key, value)) = record.split_once('=') else { return false };
        if overrides.set(key, value).is_err() {
            return false;
        }
        bytes = rest;
    }
    true
}

fn standard_record(bytes: &[u8]) -> Option<(String, &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    Some((String::from_utf8_lossy(record).into_owned(), &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Overrides, Result<(), PaxError>) {
        let mut overrides = Overrides::default();
        let result = overrides.apply_pax(bytes);
        (overrides, result)
    }

    #[test]
    fn sound_records() {
        let (overrides, result) = read(b"20 path=package/a.js\n".as_slice());
        assert_eq!(result, Err(PaxError::Ambiguous), "one byte short");
        assert_eq!(overrides.path, None);
        let (overrides, result) = read(b"21 path=package/a.js\n12 size=600\n17 comment=a=b c\n");
        assert_eq!(result, Ok(()));
        assert_eq!(overrides.path.as_deref(), Some("package/a.js"));
        assert_eq!(overrides.size, Some(600));
    }

    #[test]
    fn a_line_break_in_a_value_is_harmless_until_it_hides_a_record() {
        assert_eq!(read(b"15 comment=a\nb\n").1, Ok(()));
        // To the standard all of it is a comment; to npm the second line is a path.
        let inner = "21 path=package/b.js\n";
        let outer = format!("35 comment=x\n{inner}");
        assert_eq!(outer.len(), 34);
        let outer = outer.replace("35 ", "34 ");
        let (overrides, result) = read(outer.as_bytes());
        assert_eq!(result, Err(PaxError::Ambiguous));
        assert_eq!(overrides.path.as_deref(), Some("package/b.js"));
    }

    #[test]
    fn a_size_must_be_decimal() {
        for text in ["14 size=0x200\n", "8 size=\n", "11 size=-1\n", "12 size=1e3\n"] {
            assert_eq!(read(text.as_bytes()).1, Err(PaxError::Size), "{text}");
        }
    }

    #[test]
    fn a_later_header_adds_to_an_earlier_one() {
        let mut overrides = Overrides { path: Some("long".to_owned()), ..Overrides::default() };
        overrides.apply_pax(b"12 size=600\n").unwrap();
        assert_eq!(overrides.path.as_deref(), Some("long"));
        assert_eq!(overrides.size, Some(600));
    }
}
