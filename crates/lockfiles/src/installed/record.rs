//! `RECORD`: the files that the installer of a Python distribution wrote, with their hashes.
//! Format: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>.

use vetch_model::evidence::{Location, Span};
use vetch_model::integrity::Integrity;
use vetch_model::outcome::Outcome;

use crate::error::{ReadError, short};
use crate::files::Files;
use crate::json::Lines;
use crate::python::gaps::Gaps;
use crate::python::source::joined;

/// Largest `RECORD` read, in bytes; that of a distribution of 20,000 files has about 3 MB.
pub const MAX_BYTES: usize = 32 << 20;

const HINT: &str = "install the distribution again";

/// A file that the installer wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// As written: relative to the folder that holds the `.dist-info`, or absolute.
    pub path: String,
    /// The same, relative to the target; `None` if it lies outside of it.
    pub place: Option<String>,
    /// What it hashes to; `None` for `RECORD` itself, for signatures and for compiled files.
    pub integrity: Option<Integrity>,
    /// In bytes, where recorded.
    pub size: Option<u64>,
    /// Where that is recorded.
    pub location: Location,
}

/// The files of an installed distribution, given the path of its `.dist-info` folder
/// (the `path` of its package); `None` if it has no `RECORD`: what no wheel was made of has none.
///
/// # Errors
/// When `RECORD` is there and cannot be read.
pub fn of(files: &dyn Files, dist_info: &str) -> Result<Option<Outcome<Vec<RecordedFile>>>, ReadError> {
    let file = format!("{dist_info}/RECORD");
    Ok(files.read(&file, MAX_BYTES as u64)?.map(|bytes| read(&bytes, &file)))
}

/// Reads a `RECORD`. `file` is its path relative to the target,
/// `…/site-packages/<name>.dist-info/RECORD`. A line that is none is
/// [`Outcome::incomplete`]; what can be read of it stands.
pub fn read(bytes: &[u8], file: &str) -> Outcome<Vec<RecordedFile>> {
    let text = String::from_utf8_lossy(bytes);
    let lines = Lines::of(text.as_bytes());
    let site = file.rsplitn(3, '/').nth(2).unwrap_or_default();
    let mut gaps = Gaps::default();
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (fields, end) = fields(&text, at);
        let location = lines.location(file, Span { start: at as u32, end: end as u32 });
        at = end;
        let path = fields.first().cloned().unwrap_or_default();
        if path.is_empty() {
            if fields.len() > 1 {
                gaps.tell("a line", "it names no file", HINT, location);
            }
            continue;
        }
        let field = |index: usize| fields.get(index).map(String::as_str).filter(|field| !field.is_empty());
        let integrity = field(1).and_then(hash);
        if field(1).is_some() && integrity.is_none() {
            let why = format!("`{}` is no hash that verifies anything", short(field(1).unwrap_or_default()));
            gaps.tell(&format!("`{}`", short(&path)), why, HINT, location.clone());
        }
        let size = field(2).and_then(|size| size.trim().parse().ok());
        let place = joined(site, &path);
        found.push(RecordedFile { path, place, integrity, size, location });
    }
    Outcome { value: found, incomplete: gaps.finish(file, HINT) }
}

/// `sha256=<base64 for URLs, without padding>`.
fn hash(text: &str) -> Option<Integrity> {
    let (algorithm, digest) = text.split_once('=')?;
    Integrity::parse(&format!("{algorithm}-{digest}")).ok()
}

/// The fields of the row of CSV at an offset, and where the next one starts.
fn fields(text: &str, start: usize) -> (Vec<String>, usize) {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let rest = text.get(start..).unwrap_or_default();
    let mut letters = rest.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let has_room = fields.len() < 8;
        let Some(field) = fields.last_mut() else { break };
        match letter {
            '"' if is_quoted && letters.peek().is_some_and(|(_, next)| *next == '"') => {
                letters.next();
                field.push('"');
            }
            '"' if is_quoted || field.is_empty() => is_quoted = !is_quoted,
            _ if is_quoted => field.push(letter),
            '\n' => return (fields, start + at + 1),
            '\r' => {}
            // No row has more: a hostile one makes no list of a million.
            ',' if has_room => fields.push(String::new()),
            _ => field.push(letter),
        }
    }
    (fields, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_files() {
        let digest = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        let text = format!(
            "a/__init__.py,sha256={digest},0\r\n\"a/x,\"\"y\"\".py\",,\n../../../bin/a,sha256={digest},5\n\
             /etc/x,md5=00,1\na-1.dist-info/RECORD,,\n\n,sha256=x,\n"
        );
        let outcome = read(text.as_bytes(), "lib/python3.11/site-packages/a-1.dist-info/RECORD");
        let told: Vec<String> = outcome
            .value
            .iter()
            .map(|file| {
                let digest = file.integrity.as_ref().map(|integrity| integrity.digests[0].to_hex()[..4].to_owned());
                format!("{} {:?} {digest:?} {:?} {}", file.path, file.place, file.size, file.location.line)
            })
            .collect();
        assert_eq!(
            told,
            [
                "a/__init__.py Some(\"lib/python3.11/site-packages/a/__init__.py\") Some(\"e3b0\") Some(0) 1",
                "a/x,\"y\".py Some(\"lib/python3.11/site-packages/a/x,\\\"y\\\".py\") None None 2",
                "../../../bin/a Some(\"bin/a\") Some(\"e3b0\") Some(5) 3",
                "/etc/x None None Some(1) 4",
                "a-1.dist-info/RECORD Some(\"lib/python3.11/site-packages/a-1.dist-info/RECORD\") None None 5",
            ]
        );
        assert_eq!(outcome.incomplete.len(), 2);
    }
}
