//! What `.gitignore` and `.ignore` files leave out, read from the tree itself.
//!
//! Only the files of the tree count: neither the user's own ignore file nor the
//! repository's `info/exclude`, so that a map is the same on every machine.

use std::rc::Rc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use vetch_lockfiles::Files;
use vetch_model::outcome::Incomplete;

use super::join;

/// Later files, and later lines of one file, win.
pub(crate) const NAMES: [&str; 2] = [".gitignore", ".ignore"];

/// Every line becomes part of an automaton; honest files have a few hundred.
const MAX_BYTES: u64 = 256 << 10;
const MAX_LINES: usize = 4_000;

/// Rules in force in a folder: its own, then those of the folders above.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignored(Option<Rc<Scope>>);

#[derive(Debug)]
struct Scope {
    folder: String,
    rules: Gitignore,
    above: Ignored,
}

impl Ignored {
    /// The rules in `folder`, whose ignore files have these `names`.
    pub(crate) fn in_folder(
        &self,
        files: &dyn Files,
        folder: &str,
        names: &[&str],
        incomplete: &mut Vec<Incomplete>,
    ) -> Ignored {
        // Rooted nowhere: paths are handed over relative to the folder.
        let mut builder = GitignoreBuilder::new("");
        for name in names {
            let file = join(folder, name);
            match files.read(&file, MAX_BYTES) {
                Ok(Some(bytes)) => add(&mut builder, &String::from_utf8_lossy(&bytes), &file, incomplete),
                Ok(None) => {}
                Err(error) => incomplete.push(error.into_incomplete()),
            }
        }
        match builder.build() {
            Ok(rules) if rules.is_empty() => self.clone(),
            Ok(rules) => Ignored(Some(Rc::new(Scope { folder: folder.to_owned(), rules, above: self.clone() }))),
            Err(error) => {
                let hint = "simplify its patterns; until then they leave nothing out";
                incomplete.push(Incomplete::new(join(folder, NAMES[0]), error.to_string(), hint));
                self.clone()
            }
        }
    }

    /// Whether the rules leave this entry out. What lies in a folder that is left out is
    /// not asked for: the walk does not get there.
    pub(crate) fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let mut scope = self.0.as_deref();
        while let Some(Scope { folder, rules, above }) = scope {
            let within = if folder.is_empty() { Some(path) } else { path.strip_prefix(folder.as_str()) };
            match rules.matched(within.unwrap_or(path).trim_start_matches('/'), is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => scope = above.0.as_deref(),
            }
        }
        false
    }
}

/// Adds the lines of one file. A line that is no pattern leaves nothing out, as in git.
fn add(builder: &mut GitignoreBuilder, text: &str, file: &str, incomplete: &mut Vec<Incomplete>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        if number == MAX_LINES {
            let why = format!("only its first {MAX_LINES} lines are heeded");
            incomplete.push(Incomplete::new(file, why, "shorten it"));
            return;
        }
        builder.add_line(None, line).ok();
    }
}
