//! Walks over the text of a query.

use super::super::wording::quoted;
use capstan_model::event::sli::MissingReason;

use crate::sli::Failure;

/// Where a query breaks the grammar, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unparsable {
    /// The character at which it does, from 1.
    pub(crate) character: usize,
    /// What was expected there, and what was found.
    pub(crate) problem: String,
}

impl Unparsable {
    /// What becomes of `query`; `help` says how one is written.
    pub(crate) fn failure(&self, query: &str, help: &str) -> Failure {
        let message = format!("query {}, character {}: {}; {help}", quoted(query), self.character, self.problem);
        Failure::new(MissingReason::QueryError, message)
    }
}

/// A place in the text of a query.
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    /// Steps over `token` if it is what comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let comes = self.rest().starts_with(token);
        if comes {
            self.at += token.len();
        }
        comes
    }

    /// Steps over characters while they are `wanted`, and returns them.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|char| !wanted(char)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Reads a quoted text if one comes next.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, Unparsable> {
        let start = self.at;
        let Some(quote) = self.peek().filter(|char| matches!(char, '"' | '\'')) else { return Ok(None) };
        self.next();
        let mut text = String::new();
        while let Some(char) = self.next() {
            match (char, self.peek()) {
                (char, _) if char == quote => return Ok(Some(text)),
                ('\\', Some(escaped @ ('\\' | '"' | '\''))) => {
                    self.next();
                    text.push(escaped);
                }
                _ => text.push(char),
            }
        }
        self.at = start;
        Err(self.problem(&format!("this {quote} is never closed")))
    }

    /// The error that `wanted` does not come next.
    pub(super) fn expected(&self, wanted: &str) -> Unparsable {
        let found = match self.peek() {
            Some(char) => format!("found {}", quoted(&char.to_string())),
            None => "the query ends".to_owned(),
        };
        self.problem(&format!("expected {wanted}, {found}"))
    }

    /// An error at this place.
    pub(super) fn problem(&self, problem: &str) -> Unparsable {
        Unparsable { character: self.text[..self.at].chars().count() + 1, problem: problem.to_owned() }
    }
}

/// `text` as [`Cursor::quoted`] reads it.
pub(super) fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
