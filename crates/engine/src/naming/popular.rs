//! The user's own list of popular names.

use std::fs;
use std::path::Path;

use vetch_names::{Lists, MAX_LIST_BYTES};

use crate::EngineError;

/// Reads a list; of an ecosystem that it has no names for, the shipped ones count.
pub(super) fn read(file: &Path) -> Result<Lists, EngineError> {
    let unusable = |reason: String| EngineError::Environment {
        what: format!("cannot use the list of popular names `{}`", file.display()),
        reason,
        hint: "name a text with a line `[npm]` or `[pypi]` and below it one name a line, the most downloaded first"
            .to_owned(),
    };
    let size = fs::metadata(file).map_err(|error| unusable(error.to_string()))?.len();
    if size > MAX_LIST_BYTES as u64 {
        return Err(unusable(format!("{size} bytes are more than {MAX_LIST_BYTES}")));
    }
    let text = fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    let lists = Lists::parse(&text).map_err(|error| unusable(error.to_string()))?;
    Ok(lists.or(Lists::shipped()))
}
