//! Source text → the language-neutral IR of the behaviour engine.
//! The only crate that names the parsers; nothing outside sees their types.

mod depth;
pub mod dump;
pub mod ir;
pub mod js;
pub mod limits;
pub mod py;
pub mod shell;
mod strings;
pub mod text;
