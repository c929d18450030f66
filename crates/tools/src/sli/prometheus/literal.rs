//! String literals of `PromQL`: where a query has them, and how a value stays inside of one.

use std::borrow::Cow;

/// Where in a query a position lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside of literals and comments.
    Code,
    /// Behind a `#`, up to the end of the line.
    Comment,
    /// In a literal between `'` or `"`; `escaped` behind a backslash that waits for its character.
    Quoted { quote: u8, escaped: bool },
    /// In a literal between backticks, where everything stands for itself.
    Raw,
}

/// A backtick was to be put into a literal between backticks, where there is no way to write one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backtick;

/// Reads a query from its beginning and knows where it is.
///
/// It goes by bytes: whatever counts is ASCII, and no part of a longer character looks like it.
#[derive(Debug)]
pub(super) struct Scanner {
    place: Place,
}

impl Scanner {
    /// A scanner at the beginning of a query.
    pub(super) fn new() -> Self {
        Self { place: Place::Code }
    }

    /// Reads on over `text`.
    pub(super) fn read(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        // From one byte that changes the place to the next.
        while let Some((byte, behind)) = self.skip(rest).split_first() {
            self.place = match (self.place, *byte) {
                (Place::Code, b'`') => Place::Raw,
                (Place::Code, b'#') => Place::Comment,
                (Place::Code, quote) | (Place::Quoted { quote, escaped: true }, _) => {
                    Place::Quoted { quote, escaped: false }
                }
                (Place::Quoted { quote, .. }, b'\\') => Place::Quoted { quote, escaped: true },
                (Place::Comment | Place::Raw | Place::Quoted { .. }, _) => Place::Code,
            };
            rest = behind;
        }
    }

    /// `text` from the first byte on that changes the place.
    fn skip<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let mut bytes = text.iter();
        let end = match self.place {
            Place::Code => bytes.position(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'#')),
            Place::Comment => bytes.position(|byte| *byte == b'\n'),
            Place::Raw => bytes.position(|byte| *byte == b'`'),
            Place::Quoted { escaped: true, .. } => Some(0),
            Place::Quoted { quote, .. } => bytes.position(|byte| *byte == quote || *byte == b'\\'),
        };
        &text[end.unwrap_or(text.len())..]
    }

    /// `value` in a form that can be put here and does not end the literal or the comment that this may lie in.
    ///
    /// What is escaped in the value already stays as it is. Outside of literals the value stays as it is.
    pub(super) fn fit<'v>(&self, value: &'v str) -> Result<Cow<'v, str>, Backtick> {
        match self.place {
            Place::Raw if value.contains('`') => Err(Backtick),
            Place::Code | Place::Raw => Ok(Cow::Borrowed(value)),
            Place::Comment => Ok(Cow::Owned(value.replace('\n', " "))),
            Place::Quoted { quote, escaped } => Ok(fit_quoted(value, char::from(quote), escaped)),
        }
    }
}

fn fit_quoted(value: &str, quote: char, mut escaped: bool) -> Cow<'_, str> {
    if !escaped && !value.contains([quote, '\\', '\n']) {
        return Cow::Borrowed(value);
    }
    let mut fit = String::with_capacity(value.len() + 4);
    for char in value.chars() {
        match char {
            '\n' if escaped => fit.push('n'),
            '\n' => fit.push_str("\\n"),
            char => {
                if char == quote && !escaped {
                    fit.push('\\');
                }
                fit.push(char);
            }
        }
        escaped = char == '\\' && !escaped;
    }
    if escaped {
        fit.push('\\'); // else the backslash would take the character behind the value, which may be the closing quote
    }
    Cow::Owned(fit)
}

/// Writes plain `text` as a literal between quotes of the kind `quote`, which is `'` or `"`.
pub(super) fn push_literal(query: &mut String, quote: char, text: &str) {
    query.push(quote);
    for char in text.chars() {
        match char {
            '\n' => query.push_str("\\n"),
            char => {
                if char == quote || char == '\\' {
                    query.push('\\');
                }
                query.push(char);
            }
        }
    }
    query.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(before: &str, value: &str) -> Result<String, Backtick> {
        let mut scanner = Scanner::new();
        scanner.read(before);
        scanner.fit(value).map(Cow::into_owned)
    }

    #[test]
    fn values_fit_where_they_land() {
        for (before, value, fitted) in [
            ("m{a=", "x'\"`\n\\", "x'\"`\n\\"),
            ("m{a='", "it's", r"it\'s"),
            ("m{a='", "say \"so\"", "say \"so\""),
            ("m{a=\"", "say \"so\"", r#"say \"so\""#),
            ("m{a=\"it's ", "\"", "\\\""),
            ("m{a='b\\' ", "'", r"\'"),
            ("m{a='b',c='", "'", r"\'"),
            ("m{a=`b'`,c='", "'", r"\'"),
            ("sum(m) # it's\n + m{a=\"", "\"", "\\\""),
            ("m{a='# ", "'", r"\'"),
            ("m{a='", r"a\.b\n\'", r"a\.b\n\'"),
            ("m{a='", r"a\", r"a\\"),
            ("m{a='", r"a\\", r"a\\"),
            ("m{a='", r"a\\'", r"a\\\'"),
            ("m{a='", "a\nb\\\nc", r"a\nb\nc"),
            ("m{a='\\", "'", "'"),
            ("m{a='\\", "", r"\"),
            ("m{a='\\", "é'", r"é\'"),
            ("m{a=`", "a\\'\"\n", "a\\'\"\n"),
            ("m # ", "a\n or vector(1)", "a  or vector(1)"),
        ] {
            assert_eq!(fit(before, value).as_deref(), Ok(fitted), "{before} + {value:?}");
        }
        assert_eq!(fit("m{a=`", "a`"), Err(Backtick));
    }

    #[test]
    fn literals() {
        let mut query = String::new();
        push_literal(&mut query, '\'', "a'b\"c\\d\ne");
        push_literal(&mut query, '"', "a'b\"c");
        assert_eq!(query, r#"'a\'b"c\\d\ne'"a'b\"c""#);
    }
}
