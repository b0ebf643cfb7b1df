//! Ctrl-C, and the signals by which a CI system stops a job.

use std::sync::OnceLock;

use vetch_engine::Cancel;

use crate::exit::Failure;

/// The status after a second Ctrl-C, as for the first.
const STATUS: i32 = 130;

/// A flag that the first signal sets; the engine then stops its workers and returns.
/// A second signal ends the program at once; the cache survives that too. All that the program does shares it.
pub(crate) fn watch() -> Result<Cancel, Failure> {
    static WATCHED: OnceLock<Cancel> = OnceLock::new();
    if let Some(cancel) = WATCHED.get() {
        return Ok(cancel.clone());
    }
    let cancel = Cancel::new();
    let flag = cancel.clone();
    ctrlc::set_handler(move || {
        if flag.is_cancelled() {
            std::process::exit(STATUS);
        }
        flag.cancel();
    })
    .map_err(|error| Failure::new(format!("cannot watch for Ctrl-C: {error}"), ""))?;
    Ok(WATCHED.get_or_init(|| cancel).clone())
}
