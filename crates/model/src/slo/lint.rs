//! Findings about a file that is valid but probably not what its author means.
pub fn lint(_: &super::ReadSlo) -> Vec<crate::diagnostic::Diagnostic> { Vec::new() }
