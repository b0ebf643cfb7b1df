//! Node.js and Python on a command line: code in it, files of the package, files written before.

use vetch_syntax::ir::Language;

use super::Runner;
use crate::value::{Taint, Value};

impl Runner<'_, '_> {
    pub(super) fn node(&mut self, args: &[String], taint: Taint) -> Taint {
        let mut at = 0;
        while at < args.len() {
            match args[at].as_str() {
                "-e" | "--eval" | "-p" | "--print" | "-pe" | "eval" => {
                    if let Some(code) = args.get(at + 1) {
                        let code = Value::str(code).tainted(taint);
                        self.interp.evaluate_code_as(&code, Language::JavaScript);
                    }
                    return Taint::NONE;
                }
                "-r" | "--require" | "--import" | "--loader" => {
                    if let Some(module) = args.get(at + 1) {
                        let module = module.clone();
                        self.interp.run_program_file(&module);
                    }
                    at += 2;
                }
                "run" | "x" | "--" => at += 1,
                option if option.starts_with('-') => at += 1,
                file => {
                    let file = file.to_owned();
                    match self.interp.package.python {
                        Some(_) => return self.foreign_file(&file, Language::JavaScript),
                        None => self.interp.run_program_file(&file),
                    }
                    return Taint::NONE;
                }
            }
        }
        Taint::NONE
    }

    /// `python -c code`, `python file.py`: of the package, or written before.
    pub(super) fn python(&mut self, args: &[String], taint: Taint) -> Taint {
        if let Some(at) = args.iter().position(|arg| arg == "-c") {
            if let Some(code) = args.get(at + 1) {
                let code = Value::str(code).tainted(taint);
                self.interp.evaluate_code_as(&code, Language::Python);
            }
            return taint;
        }
        if let [flag, module, rest @ ..] = args
            && flag == "-m"
            && matches!(module.as_str(), "pip" | "twine" | "flit" | "hatch" | "poetry" | "uv")
        {
            return self.program(module, module, rest, taint, Taint::NONE);
        }
        if args.iter().any(|arg| arg == "setup.py") && args.iter().any(|arg| arg == "upload") {
            return self.publish("pypi");
        }
        if let Some(file) = args.iter().find(|arg| !arg.starts_with('-')) {
            let file = file.clone();
            return self.foreign_file(&file, Language::Python);
        }
        Taint::NONE
    }

    /// A program in a language that is not, or need not be, the package's: a file of it, or one that was written before.
    fn foreign_file(&mut self, file: &str, language: Language) -> Taint {
        let path = self.interp.package_path(file);
        if let Some(written) = self.interp.written_file(&path) {
            if let Some(spawn) = self.interp.last_spawn {
                self.interp.flow(written.taint, spawn);
            }
            self.interp.run_text_as(&written, language);
            return written.taint;
        }
        let Some(own) = path.strip_prefix("<package>/") else { return Taint::NONE };
        match self.interp.package.contents(own) {
            Some(bytes) => {
                let text = Value::str(String::from_utf8_lossy(bytes));
                self.interp.run_text_as(&text, language);
            }
            None if self.interp.package.file(own).is_some() => self.interp.wanted_files.push(own.to_owned()),
            None => {}
        }
        Taint::NONE
    }
}
