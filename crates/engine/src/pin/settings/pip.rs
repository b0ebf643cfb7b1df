//! `pip.conf` in a project's folder, and options in requirements files.

use vetch_lockfiles::Reading;
use vetch_lockfiles::npm::package_lock::LockfileNoteKind;
use vetch_model::Location;
use vetch_model::hygiene::{LintId, Repair};

use super::{Project, is_plain_http, lines};
use crate::pin::room::Room;

pub(super) fn lints(room: &mut Room<'_>, project: &Project<'_>) {
    for name in ["pip.conf", "pip.ini"] {
        let file = project.file(name);
        let Some(bytes) = room.bytes(&file) else { continue };
        for setting in lines::read(&bytes) {
            option(room, &setting.key.replace('_', "-"), &setting.value, setting.location(&file));
        }
    }
}

/// Options that stand in a requirements file.
pub(super) fn options(room: &mut Room<'_>, _file: &str, reading: &Reading) {
    for note in reading.notes.iter().filter(|note| note.kind == LockfileNoteKind::SourceOption) {
        option(room, note.field.trim_start_matches('-'), &note.found, note.location.clone());
    }
}

fn option(room: &mut Room<'_>, key: &str, value: &str, location: Location) {
    match key {
        "extra-index-url" if !value.is_empty() => {
            let what = "`extra-index-url` adds an index that is asked beside the main one".to_owned();
            let repair = Repair::Decision(
                "let one index serve both (a proxy that prefers private names) and name it by `index-url`, or use uv, which \
                 ties packages to an index"
                    .to_owned(),
            );
            room.lint(LintId::ExtraPackageIndex, location, what, repair);
        }
        "index-url" if is_plain_http(value) => {
            let repair = Repair::Decision("serve the index over https, and name it so".to_owned());
            room.lint(LintId::PlainHttpSource, location, "the index is named over plain http".to_owned(), repair);
        }
        "trusted-host" => {
            let what = "`trusted-host` is set: neither https nor certificates are asked of that host".to_owned();
            let repair = Repair::Decision("remove it; `cert` names a certificate of your own".to_owned());
            room.lint(LintId::CheckSwitchedOff, location, what, repair);
        }
        _ => {}
    }
}
