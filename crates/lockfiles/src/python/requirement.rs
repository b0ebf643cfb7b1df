//! One dependency specifier.
