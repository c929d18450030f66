//! Expressions: `p95(elapsed){label="GET /"}`, `http_req_duration{status:200}.p(95)`.

use std::fmt;
use std::str::FromStr;

use super::cursor::{Cursor, Unparsable, in_quotes};

/// A query over samples, test cases or metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    /// A function, or the name of a metric.
    pub(crate) head: Term,
    /// What the labels must be; empty where there is no filter.
    pub(crate) matchers: Vec<Matcher>,
    /// What follows the dot: a statistic of the metric.
    pub(crate) stat: Option<Term>,
}

/// A word, with what stands in parentheses behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// The word, unquoted.
    pub(crate) word: String,
    /// The argument, unquoted: empty where the parentheses are, `None` where there are none.
    pub(crate) argument: Option<String>,
}

/// One condition of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matcher {
    /// Name of the label.
    pub(crate) label: String,
    /// How its value is compared.
    pub(crate) operator: Operator,
    /// What it is compared with: a text or a pattern.
    pub(crate) value: String,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `=`, and `:` as k6 writes it.
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    /// Longer ones first, so that none hides another.
    const TOKENS: [(&'static str, Self); 4] =
        [("=~", Self::Matches), ("!~", Self::MatchesNot), ("!=", Self::NotEqual), ("=", Self::Equal)];

    fn token(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

impl FromStr for Expression {
    type Err = Unparsable;

    fn from_str(text: &str) -> Result<Self, Unparsable> {
        let mut cursor = Cursor::new(text);
        let head = term(&mut cursor)?;
        let matchers = if cursor.eat("{") { matchers(&mut cursor)? } else { Vec::new() };
        cursor.skip_space();
        let stat = if cursor.eat(".") { Some(term(&mut cursor)?) } else { None };
        if cursor.peek().is_some() {
            return Err(cursor.expected(match (stat.is_some(), head.argument.is_some(), matchers.is_empty()) {
                (true, ..) => "the end",
                (false, _, false) => "'.' or the end",
                (false, true, true) => "'{', '.' or the end",
                (false, false, true) => "'(', '{', '.' or the end",
            }));
        }
        Ok(Self { head, matchers, stat })
    }
}

fn term(cursor: &mut Cursor<'_>) -> Result<Term, Unparsable> {
    let word = word(cursor, "a name")?;
    cursor.skip_space();
    if !cursor.eat("(") {
        return Ok(Term { word, argument: None });
    }
    cursor.skip_space();
    let argument = match cursor.quoted()? {
        Some(text) => text,
        None => cursor.take_while(is_argument).to_owned(),
    };
    cursor.skip_space();
    if !cursor.eat(")") {
        return Err(cursor.expected("')'"));
    }
    cursor.skip_space();
    Ok(Term { word, argument: Some(argument) })
}

/// Reads a word that must be there; `wanted` is what it would be.
fn word(cursor: &mut Cursor<'_>, wanted: &str) -> Result<String, Unparsable> {
    cursor.skip_space();
    if let Some(text) = cursor.quoted()? {
        return Ok(text);
    }
    let mut word = String::new();
    loop {
        word.push_str(cursor.take_while(is_word));
        // Only the dot of a number belongs to a word: `p99.9` is one, `http_reqs.count` is not.
        let mut next = cursor.rest().chars();
        let numeric = word.ends_with(|char: char| char.is_ascii_digit())
            && next.next() == Some('.')
            && next.next().is_some_and(|char| char.is_ascii_digit());
        if !numeric {
            break;
        }
        cursor.eat(".");
        word.push('.');
    }
    if word.is_empty() { Err(cursor.expected(wanted)) } else { Ok(word) }
}

fn matchers(cursor: &mut Cursor<'_>) -> Result<Vec<Matcher>, Unparsable> {
    let mut matchers = Vec::new();
    loop {
        cursor.skip_space();
        if cursor.eat("}") {
            return Ok(matchers);
        }
        matchers.push(matcher(cursor)?);
        cursor.skip_space();
        if !cursor.eat(",") && cursor.peek() != Some('}') {
            return Err(cursor.expected("',' or '}'"));
        }
    }
}

fn matcher(cursor: &mut Cursor<'_>) -> Result<Matcher, Unparsable> {
    let label = word(cursor, "the name of a label")?;
    cursor.skip_space();
    if cursor.eat(":") {
        cursor.skip_space();
        let value = match cursor.quoted()? {
            Some(text) => text,
            None => cursor.take_while(|char| !matches!(char, ',' | '}')).trim_end().to_owned(),
        };
        return Ok(Matcher { label, operator: Operator::Equal, value });
    }
    let Some((_, operator)) = Operator::TOKENS.into_iter().find(|(token, _)| cursor.eat(token)) else {
        return Err(cursor.expected("'=', '!=', '=~' or '!~'"));
    };
    cursor.skip_space();
    match cursor.quoted()? {
        Some(value) => Ok(Matcher { label, operator, value }),
        None => Err(cursor.expected("a text in quotes")),
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-')
}

fn is_argument(char: char) -> bool {
    is_word(char) || char == '.'
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.head, Filter(&self.matchers))?;
        self.stat.iter().try_for_each(|stat| write!(out, ".{stat}"))
    }
}

/// Matchers in braces; nothing where there are none.
pub(crate) struct Filter<'a>(pub(crate) &'a [Matcher]);

impl fmt::Display for Filter<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, matcher) in self.0.iter().enumerate() {
            let open = if at == 0 { "{" } else { ", " };
            let Matcher { label, operator, value } = matcher;
            write!(out, "{open}{}{}{}", bare_or_quoted(label, is_word), operator.token(), in_quotes(value))?;
        }
        out.write_str(if self.0.is_empty() { "" } else { "}" })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&bare_or_quoted(&self.word, is_word))?;
        match &self.argument {
            Some(argument) if argument.is_empty() => out.write_str("()"),
            Some(argument) => write!(out, "({})", bare_or_quoted(argument, is_argument)),
            None => Ok(()),
        }
    }
}

fn bare_or_quoted(text: &str, bare: impl Fn(char) -> bool) -> String {
    if !text.is_empty() && text.chars().all(bare) { text.to_owned() } else { in_quotes(text) }
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
