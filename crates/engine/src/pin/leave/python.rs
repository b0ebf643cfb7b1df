//! Requirements files; and the commands of the tools whose lockfiles nobody else writes.

use vetch_lockfiles::Format;
use vetch_lockfiles::python::spec::spec;
use vetch_model::Integrity;
use vetch_model::hygiene::{Afterwards, Repair};
use vetch_model::integrity::HashAlgorithm;
use vetch_model::way_out::Good;

use super::Held;
use crate::edit::Edit;
use crate::edit::place::line_end;
use crate::map::folder_of;
use crate::pin::in_folder;
use crate::pin::requirements::List;
use crate::pin::room::{Room, Step};

/// Exchanges the version of one requirement, and its hashes.
pub(super) fn requirement(held: &Held<'_>, good: &Good, room: &mut Room<'_>) {
    match steps(held, good, room) {
        Ok(steps) => {
            room.fix(held.lint(Repair::Edit(format!("exchange it for {}", good.version))), steps);
            let file = held.package.declared_at.as_ref().map_or(held.file, |place| &place.file);
            let name = file.rsplit('/').next().unwrap_or(file);
            let why = "what is installed is still the release that is left".to_owned();
            let command = format!("pip install --only-binary :all: -r {name}");
            room.follow(held.lint_id(), Afterwards { folder: folder_of(file).to_owned(), command, why });
        }
        Err(why) => {
            let wanted = format!("{}=={}", held.package.name, good.version);
            held.tell(room, Repair::Decision(format!("write `{wanted}` by hand: {why}")));
        }
    }
}

fn steps(held: &Held<'_>, good: &Good, room: &mut Room<'_>) -> Result<Vec<Step>, String> {
    let place = held.package.declared_at.as_ref().ok_or("nothing tells where it stands")?;
    let bytes = room.bytes(&place.file).ok_or_else(|| format!("`{}` cannot be read", place.file))?;
    let list = List::new(&place.file, bytes);
    let unclear = || "its line is written in a way that is not edited".to_owned();
    let (start, text) = list.written(place).ok_or_else(unclear)?;
    let found = spec(text).filter(|found| found.pinned.is_some()).ok_or_else(unclear)?;
    let span = start + found.place.start..start + found.place.end;
    let mut steps = vec![list.step(Edit { span, text: format!("=={}", good.version) })];
    let (after, end) = (start + text.len(), place.span.end as usize);
    let rest = String::from_utf8_lossy(list.bytes().get(after..end).unwrap_or_default()).into_owned();
    if !rest.contains("--hash") {
        return Ok(steps);
    }
    let only_hashes = rest.split_whitespace().all(|word| word == "\\" || word.starts_with("--hash="));
    if !only_hashes {
        return Err("its hashes stand among comments or other options".to_owned());
    }
    let hashes = sha256(good);
    if hashes.is_empty() {
        return Err("it is pinned by hash, and no hashes of the new version are known here".to_owned());
    }
    let end_of_line = line_end(list.bytes());
    let text = hashes.iter().map(|hash| format!(" \\{end_of_line}    --hash=sha256:{hash}")).collect();
    let kept = rest.len() - rest.trim_end().len();
    steps.push(list.step(Edit { span: after..end - kept, text }));
    Ok(steps)
}

/// Hexadecimal hashes of the archives.
fn sha256(good: &Good) -> Vec<String> {
    let digests = good.digests.iter().filter_map(|text| Integrity::parse(text).ok()).flat_map(|all| all.digests);
    let mut hashes: Vec<String> =
        digests.filter(|one| one.algorithm == HashAlgorithm::Sha256).map(|one| one.to_hex()).collect();
    hashes.sort();
    hashes.dedup();
    hashes
}

/// The command that writes a lockfile anew with the good version.
pub(super) fn lock(held: &Held<'_>, good: &Good, room: &mut Room<'_>) {
    let wanted = format!("{}=={}", held.package.name, good.version);
    let command = match held.reading.format {
        Format::Uv => format!("uv lock --upgrade-package {wanted}"),
        Format::Poetry => format!("poetry add {wanted} --lock"),
        Format::Pdm => format!("pdm add {wanted} --no-sync"),
        Format::PipfileLock => format!("pipenv upgrade {wanted}"),
        _ => {
            let text = format!("write `{}` anew with `{wanted}`, by the tool that wrote it", held.file);
            return held.tell(room, Repair::Decision(text));
        }
    };
    let hint = match good.is_in_ranges {
        true => "",
        false => ", once what asks for it takes that version: widen the range, or constrain it in pyproject.toml",
    };
    held.tell(room, Repair::Command(in_folder(folder_of(held.file), &command) + hint));
}
