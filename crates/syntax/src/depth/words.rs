//! Words that change what follows them.

/// What a word does to nesting.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A name or value.
    Name,
    /// A name, unless an operand follows.
    Soft,
    /// Takes the operand to its right.
    Prefix,
    /// Begins a statement or value; nests nothing.
    Begin,
    /// Between two operands; elsewhere it is a name, such as `is` in minified code.
    Infix,
    /// Begins a statement with parentheses and another statement.
    Header,
    /// As a header, or the end of `do … while`: nothing ends before it.
    While,
    /// Begins a statement that holds another.
    Nest,
    /// Goes on with a statement that seemed to have ended.
    Continue,
    /// `case`, `default`
    Case,
}

pub(super) fn classify(word: &[u8]) -> Word {
    match word {
        b"if" | b"for" | b"with" => Word::Header,
        b"while" => Word::While,
        b"do" => Word::Nest,
        b"else" | b"catch" | b"finally" => Word::Continue,
        b"typeof" | b"void" | b"delete" | b"await" | b"yield" | b"new" | b"class" => Word::Prefix,
        b"return" | b"throw" => Word::Begin,
        b"in" | b"instanceof" | b"of" | b"as" | b"satisfies" | b"extends" | b"is" | b"implements" => Word::Infix,
        b"keyof" | b"readonly" | b"infer" | b"unique" | b"async" | b"asserts" | b"abstract" => Word::Soft,
        b"case" | b"default" => Word::Case,
        _ => Word::Name,
    }
}
