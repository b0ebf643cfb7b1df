//! `vetch rules new`: a rule to begin with.

use std::fs;
use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::output;

/// What is written; `ID` stands for the rule's id.
const TEMPLATE: &str = include_str!("template.toml");

/// Writes `DIR/ID.toml`, and never over a file that is there.
pub(super) fn run(id: &str, dir: &Path) -> Result<Exit, Failure> {
    let path = dir.join(format!("{id}.toml"));
    let text = TEMPLATE.replace("ID", id);
    if let Err(problems) = vetch_detectors::user::parse(&path, &text, super::all().iter().map(|rule| rule.id)) {
        let message = problems.first().map_or_else(String::new, |problem| problem.message.clone());
        return Err(failure(message, "choose another id, e.g. `acme-no-telemetry`"));
    }
    if path.exists() {
        return Err(failure(format!("`{}` is there already", path.display()), "edit it, or choose another id"));
    }
    let written = fs::create_dir_all(dir).and_then(|()| fs::write(&path, text));
    written.map_err(|error| {
        failure(format!("cannot write `{}`: {error}", path.display()), "name a folder with `--dir`")
    })?;
    let said = format!(
        "wrote {path}\ntry it:  vetch rules test {path}\nuse it:  vetch scan --rules {path}\n",
        path = path.display()
    );
    output::print(said.as_bytes())?;
    Ok(Exit::Passed)
}

fn failure(message: String, hint: &str) -> Failure {
    Failure { message, hint: hint.to_owned(), exit: Exit::Error }
}
