//! From the words of a condition to what it asks.

use std::ops::Range;

use serde_json::Value;

use super::condition::{When, WhenError};
use super::expression::{Expression, Kind, Operator, Path, Step};
use super::token::{Token, error, tokens};

/// Reads a whole condition.
pub(super) fn condition(text: &str) -> Result<Expression, WhenError> {
    if text.len() > When::LONGEST {
        let message = format!("this condition is {} bytes long; {} are read", text.len(), When::LONGEST);
        return Err(error(0, 0, message, "let the tool decide, or a task before this one"));
    }
    if text.trim().is_empty() {
        return Err(error(0, 0, "the condition is empty", "write one such as \"result == 'pass'\", or remove the key"));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let expression = parser.any()?;
    match parser.token() {
        Token::End => Ok(expression),
        Token::Symbol(")") => Err(parser.unexpected("this ')' closes nothing", "remove it, or open it with '('")),
        _ => Err(parser.no_operator()),
    }
}

struct Parser<'t> {
    text: &'t str,
    /// Never empty; the last is the end.
    tokens: Vec<(Token<'t>, Range<usize>)>,
    at: usize,
    /// How many parentheses, lists and '!' are open.
    depth: usize,
}

type Parsed = Result<Expression, WhenError>;

impl<'t> Parser<'t> {
    fn token(&self) -> &Token<'t> {
        &self.tokens[self.at].0
    }

    fn place(&self) -> Range<usize> {
        self.tokens[self.at].1.clone()
    }

    /// Where the word before this one ends.
    fn end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |before| self.tokens[before].1.end)
    }

    /// Goes on to the next word; stays at the end.
    fn step(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Whether this word is the symbol; then it goes on.
    fn takes(&mut self, symbol: &str) -> bool {
        let there = matches!(self.token(), Token::Symbol(there) if *there == symbol);
        if there {
            self.step();
        }
        there
    }

    fn any(&mut self) -> Parsed {
        self.joined("||", Self::all, Kind::Any)
    }

    fn all(&mut self) -> Parsed {
        self.joined("&&", Self::comparison, Kind::All)
    }

    fn joined(&mut self, symbol: &str, part: fn(&mut Self) -> Parsed, kind: fn(Vec<Expression>) -> Kind) -> Parsed {
        let first = part(self)?;
        let start = first.place.start;
        let mut parts = vec![first];
        while self.takes(symbol) {
            parts.push(part(self)?);
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => Ok(Expression { kind: kind(parts), place: start..self.end() }),
        }
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.operand()?;
        let Some(operator) = self.operator() else { return Ok(left) };
        self.step();
        let right = self.operand()?;
        if self.operator().is_some() {
            let help = "write each comparison on its own, joined by '&&'";
            return Err(self.unexpected("comparisons do not chain", help));
        }
        let place = left.place.start..self.end();
        Ok(Expression { kind: Kind::Compare(Box::new(left), operator, Box::new(right)), place })
    }

    fn operator(&self) -> Option<Operator> {
        match self.token() {
            Token::Symbol("==") => Some(Operator::Equal),
            Token::Symbol("!=") => Some(Operator::Unequal),
            Token::Symbol("<") => Some(Operator::Less),
            Token::Symbol("<=") => Some(Operator::AtMost),
            Token::Symbol(">") => Some(Operator::Greater),
            Token::Symbol(">=") => Some(Operator::AtLeast),
            Token::Name("in") => Some(Operator::In),
            _ => None,
        }
    }

    fn operand(&mut self) -> Parsed {
        let start = self.place().start;
        match self.token().clone() {
            Token::Symbol("!") => self.nested(|parser| {
                let inner = parser.operand()?;
                Ok(Expression { kind: Kind::Not(Box::new(inner)), place: start..parser.end() })
            }),
            Token::Symbol("(") => self.nested(|parser| {
                let inner = parser.any()?;
                parser.close(")", start)?;
                Ok(Expression { place: start..parser.end(), ..inner })
            }),
            Token::Symbol("[") => self.nested(|parser| parser.list(start)),
            Token::Name(name) if name != "in" && literal(name).is_none() => {
                self.step();
                self.path(name, start)
            }
            _ => {
                let Some(value) = self.literal() else {
                    let help = "write a path such as 'result', a text in quotes, a number, true, false or null";
                    return Err(self.unexpected(&format!("a value is wanted here, found {}", self.found()), help));
                };
                Ok(Expression { kind: Kind::Literal(value), place: start..self.end() })
            }
        }
    }

    /// Reads what stands behind an opening word.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth == When::DEEPEST {
            let message = format!("this is nested too deeply; {} levels are read", When::DEEPEST);
            return Err(self.unexpected(&message, "remove parentheses that are not needed"));
        }
        self.step();
        self.depth += 1;
        let parsed = read(self);
        self.depth -= 1;
        parsed
    }

    fn list(&mut self, start: usize) -> Parsed {
        let mut items = Vec::new();
        while !self.takes("]") {
            let Some(item) = self.literal() else {
                let message = format!("a list holds texts, numbers, true, false and null, found {}", self.found());
                return Err(self.unexpected(&message, "write it such as ['pass', 'warning']"));
            };
            items.push(item);
            if !self.takes(",") {
                self.close("]", start)?;
                break;
            }
        }
        Ok(Expression { kind: Kind::Literal(Value::Array(items)), place: start..self.end() })
    }

    fn literal(&mut self) -> Option<Value> {
        let value = match self.token() {
            Token::Name(name) => literal(name)?,
            Token::Text(text) => Value::String(text.clone()),
            Token::Number(number) => Value::Number(number.clone()),
            Token::Symbol(_) | Token::End => return None,
        };
        self.step();
        Some(value)
    }

    fn path(&mut self, root: &str, start: usize) -> Parsed {
        let mut steps = Vec::new();
        loop {
            if self.takes(".") {
                let &Token::Name(name) = self.token() else {
                    let message = format!("a name is wanted behind the dot, found {}", self.found());
                    let help = "a place in a list is written as [0], any other key as [\"my key\"]";
                    return Err(self.unexpected(&message, help));
                };
                steps.push(Step::Key(name.to_owned()));
                self.step();
            } else if *self.token() == Token::Symbol("[") {
                let open = self.place().start;
                self.step();
                steps.push(match self.token() {
                    Token::Text(key) => Step::Key(key.clone()),
                    Token::Number(number) if number.as_u64().is_some() => {
                        // What is beyond every list is as good as the greatest.
                        Step::Index(number.as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX))
                    }
                    _ => {
                        let message =
                            format!("a whole number or a key in quotes is wanted here, found {}", self.found());
                        return Err(self.unexpected(&message, "write it such as [0] or [\"my key\"]"));
                    }
                });
                self.step();
                self.close("]", open)?;
            } else {
                let kind = Kind::Path(Path { root: root.to_owned(), steps });
                return Ok(Expression { kind, place: start..self.end() });
            }
        }
    }

    fn close(&mut self, symbol: &'static str, open: usize) -> Result<(), WhenError> {
        if self.takes(symbol) {
            return Ok(());
        }
        let opened = &self.text[open..=open];
        Err(match self.token() {
            Token::End => error(open, 1, format!("this '{opened}' is not closed"), format!("close it with '{symbol}'")),
            _ if symbol == "]" => {
                let message = format!("']' is wanted here, found {}", self.found());
                self.unexpected(&message, "write it such as ['pass', 'warning'] or [0]")
            }
            _ => self.no_operator(),
        })
    }

    /// Two values without an operator between them, or a word that is none.
    fn no_operator(&self) -> WhenError {
        let before = self.at.checked_sub(1).map(|before| &self.tokens[before].0);
        let help = match self.token() {
            _ if before == Some(&Token::Name("not")) => "write '!' for 'not'",
            Token::Symbol(",") => "a list stands in brackets, such as ['pass', 'warning']",
            Token::Name(word) => match word.to_ascii_lowercase().as_str() {
                "and" => "write '&&'",
                "or" => "write '||'",
                "is" | "eq" | "equals" => "write '=='",
                "ne" | "not" => "write '!=', or '!' before what is to be turned round",
                "contains" => "write it the other way round: 'x' in the list",
                _ => "join values by ==, !=, <, <=, >, >= or in, and conditions by && or ||",
            },
            _ => "join values by ==, !=, <, <=, >, >= or in, and conditions by && or ||",
        };
        self.unexpected(&format!("an operator is wanted here, found {}", self.found()), help)
    }

    fn found(&self) -> String {
        match self.token() {
            Token::End => "the end".to_owned(),
            _ => format!("'{}'", &self.text[self.place()]),
        }
    }

    fn unexpected(&self, message: &str, help: &str) -> WhenError {
        let place = self.place();
        error(place.start, place.len(), message, help)
    }
}

/// The words that stand for a value.
fn literal(name: &str) -> Option<Value> {
    match name {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => None,
    }
}
