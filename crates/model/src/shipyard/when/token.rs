//! From the text of a condition to its words.

use std::ops::Range;

use serde_json::Number;

use super::condition::WhenError;

/// One word of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'t> {
    /// A part of a path, or a word such as `in` and `true`.
    Name(&'t str),
    /// What stands between quotes.
    Text(String),
    Number(Number),
    Symbol(&'static str),
    End,
}

/// The symbols, longer ones before those that they begin with.
const SYMBOLS: [&str; 14] = ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ","];

/// The words with their places; the last is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, WhenError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at = text.len() - text[at..].trim_start().len();
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else { break };
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
                (Token::Name(&rest[..length]), length)
            }
            '\'' | '"' => quoted(rest, at, first)?,
            '.' => (Token::Symbol("."), 1),
            '0'..='9' => number(rest, at)?,
            '-' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number(rest, at)?,
            _ => match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => return Err(stranger(first, at)),
            },
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn quoted(rest: &str, at: usize, quote: char) -> Result<(Token<'static>, usize), WhenError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((here, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((Token::Text(text), here + 1)),
            '\\' => {
                let Some((_, escaped @ ('\\' | '\'' | '"'))) = chars.next() else {
                    let message = "a backslash stands before a quote or another backslash alone";
                    return Err(error(at + here, 1, message, "write it twice where it is meant itself"));
                };
                text.push(escaped);
            }
            _ => text.push(c),
        }
    }
    Err(error(at, 1, "this text has no end", "put the same quote behind it"))
}

/// Digits with a sign, a fraction and an exponent, as in JSON.
fn number(rest: &str, at: usize) -> Result<(Token<'static>, usize), WhenError> {
    let mut before = '-';
    let length = rest.find(|c: char| {
        let sign = matches!(c, '-' | '+') && matches!(before, 'e' | 'E' | '-');
        before = c;
        !(sign || c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
    });
    let length = length.unwrap_or(rest.len());
    let written = &rest[..length];
    match serde_json::from_str::<Number>(written) {
        Ok(number) if number.as_f64().is_some_and(f64::is_finite) => Ok((Token::Number(number), length)),
        _ => {
            let message = format!("'{written}' is no number");
            Err(error(at, length, message, "write digits alone, such as 10 or 0.5, or put a text into quotes"))
        }
    }
}

/// What is wrong with a character that begins no word.
fn stranger(c: char, at: usize) -> WhenError {
    let help = match c {
        '=' => "write '==' to compare",
        '&' => "write '&&'",
        '|' => "write '||'",
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => "write a straight quote, ' or \"",
        '+' | '-' | '*' | '/' | '%' => "values are compared as they are; there is no arithmetic",
        _ => "a path is written as 'labels.team' or 'labels[\"my key\"]', a text in quotes",
    };
    error(at, c.len_utf8(), format!("'{c}' means nothing here"), help)
}

pub(super) fn error(offset: usize, length: usize, message: impl Into<String>, help: impl Into<String>) -> WhenError {
    WhenError { offset, length, message: message.into(), help: help.into() }
}
