//! Scripts that lie in the package: what they do is told at their own lines.

use std::rc::Rc;

use vetch_model::Span;

use super::{Runner, shown};
use crate::value::Taint;

/// A script that lies in the package.
#[derive(Clone)]
pub(super) struct OwnScript {
    /// Its number among the package's files.
    file: usize,
    /// How deep in shells its own lines are.
    depth: u32,
    text: Rc<str>,
}

impl Runner<'_, '_> {
    /// A script of the package's own.
    pub(super) fn own_lines(&mut self, path: &str, text: &str) {
        let (here, command) = (self.interp.here, self.shown.clone());
        // Of a batch file the text that is read is not the text that is there.
        let file = self.interp.package.file(path).filter(|_| !super::batch::is_batch(text));
        let script = file.map(|file| OwnScript { file, depth: self.depth + 1, text: Rc::from(text) });
        let outer = std::mem::replace(&mut self.own_script, script);
        self.lines(text, Taint::NONE);
        (self.own_script, self.interp.here, self.shown) = (outer, here, command);
    }

    /// Of a script that lies in the package: what happens, happens at the command.
    pub(super) fn stand_at(&mut self, span: Span) {
        if let Some(script) = self.own_script.as_ref().filter(|script| script.depth == self.depth) {
            self.shown = shown(script.text.get(span.start as usize..span.end as usize).unwrap_or_default());
            self.interp.here = self.interp.site_in(script.file, span);
        }
    }
}
