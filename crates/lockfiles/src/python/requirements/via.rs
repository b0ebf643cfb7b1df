//! The comments of pip-tools and uv: `# via flask`, or `# via` and a line for each.

/// Who asked for a requirement, as the tool that compiled the file notes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// Names of packages.
    pub(crate) packages: Vec<String>,
    /// The project itself asks: an input file, a `pyproject.toml`.
    pub(crate) is_direct: bool,
    /// The index it comes from (`uv pip compile --emit-index-annotation`).
    pub(crate) index: Option<String>,
    /// Whether the comment goes on with a line for each.
    is_open: bool,
}

impl Annotation {
    /// Takes in a comment that stands behind or below its requirement.
    pub(crate) fn read(&mut self, comment: &str) {
        let text = comment.trim();
        if let Some(rest) = text.strip_prefix("via").filter(|rest| rest.is_empty() || rest.starts_with([' ', ':'])) {
            let rest = rest.trim_start_matches(':').trim();
            self.is_open = rest.is_empty();
            rest.split(',').for_each(|item| self.add(item));
        } else if let Some(url) = text.strip_prefix("from ").filter(|url| url.contains("://")) {
            self.index = Some(url.trim().to_owned());
            self.is_open = false;
        } else if self.is_open && comment.starts_with("  ") {
            self.add(text);
        } else {
            self.is_open = false;
        }
    }

    /// Whether it says anything about who asked.
    pub(crate) fn is_stated(&self) -> bool {
        self.is_direct || !self.packages.is_empty()
    }

    fn add(&mut self, item: &str) {
        let item = item.trim();
        if item.is_empty() {
            return;
        }
        // `-r requirements.in`, `-c …`, `proj (pyproject.toml)`, `proj:dev`.
        if item.starts_with('-') || item.contains(['(', ':', '/']) {
            // A constraint does not ask, but beside it stands who does.
            self.is_direct |= !item.starts_with("-c") && !item.starts_with("--constraint");
            return;
        }
        let name = item.split(['[', ' ']).next().unwrap_or(item);
        self.packages.push(vetch_model::purl::normalised(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(comments: &[&str]) -> (Vec<String>, bool) {
        let mut annotation = Annotation::default();
        comments.iter().for_each(|comment| annotation.read(comment));
        (annotation.packages, annotation.is_direct)
    }

    #[test]
    fn every_style_is_read() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(told(&[" via flask"]), (names(&["flask"]), false));
        assert_eq!(told(&[" via -r requirements.in, Typing_X"]), (names(&["typing-x"]), true));
        assert_eq!(told(&[" via", "   -r a.in", "   b[x]", "   proj (pyproject.toml)"]), (names(&["b"]), true));
        assert_eq!(told(&[" via", "   -c c.txt", "   b", " another remark", "   no-item"]), (names(&["b"]), false));
        assert_eq!(told(&[" viable remark"]), (names(&[]), false));
    }
}
