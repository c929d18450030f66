//! Paths into a JSON document: `latencies."99th"`, `runs[0].errors`, `/runs/0/errors`.

use std::fmt;
use std::str::FromStr;

use super::cursor::{Cursor, Unparsable, in_quotes};

/// The way from the top of a document to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) Vec<Step>);

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To a member of an object.
    Key(String),
    /// To an element of a list, counted from 0.
    Index(usize),
    /// To a member or an element, whichever there is: a JSON pointer does not tell.
    Token(String),
}

impl FromStr for Path {
    type Err = Unparsable;

    fn from_str(text: &str) -> Result<Self, Unparsable> {
        let mut cursor = Cursor::new(text);
        cursor.skip_space();
        if cursor.peek() == Some('/') { pointer(&mut cursor) } else { dotted(&mut cursor) }
    }
}

fn pointer(cursor: &mut Cursor<'_>) -> Result<Path, Unparsable> {
    let mut steps = Vec::new();
    while cursor.eat("/") {
        let mut token = String::new();
        loop {
            token.push_str(cursor.take_while(|char| !matches!(char, '/' | '~')));
            if cursor.eat("~1") {
                token.push('/');
            } else if cursor.eat("~0") {
                token.push('~');
            } else if cursor.peek() == Some('~') {
                return Err(cursor.problem("in a pointer '~' is written '~0', and a '/' in a key '~1'"));
            } else {
                break;
            }
        }
        steps.push(Step::Token(token));
    }
    Ok(Path(steps))
}

fn dotted(cursor: &mut Cursor<'_>) -> Result<Path, Unparsable> {
    let mut steps = Vec::new();
    if cursor.peek() != Some('[') {
        steps.push(key(cursor)?);
    }
    loop {
        cursor.skip_space();
        if cursor.eat(".") {
            steps.push(key(cursor)?);
        } else if cursor.eat("[") {
            steps.push(bracket(cursor)?);
        } else if cursor.peek().is_none() {
            return Ok(Path(steps));
        } else {
            return Err(cursor.expected("'.', '[' or the end (put quotes around keys with other characters)"));
        }
    }
}

fn key(cursor: &mut Cursor<'_>) -> Result<Step, Unparsable> {
    if let Some(key) = cursor.quoted()? {
        return Ok(Step::Key(key));
    }
    let key = cursor.take_while(is_bare);
    if key.is_empty() { Err(cursor.expected("a key")) } else { Ok(Step::Key(key.to_owned())) }
}

fn bracket(cursor: &mut Cursor<'_>) -> Result<Step, Unparsable> {
    let step = match cursor.quoted()? {
        Some(key) => Step::Key(key),
        None => match cursor.take_while(|char| char.is_ascii_digit()).parse() {
            Ok(index) => Step::Index(index),
            Err(_) => return Err(cursor.expected("the number of an element, from 0, or a key in quotes")),
        },
    };
    if cursor.eat("]") { Ok(step) } else { Err(cursor.expected("']'")) }
}

fn is_bare(char: char) -> bool {
    !matches!(char, '.' | '[' | ']' | '"' | '\'') && !char.is_whitespace()
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Token(token) => write!(out, "/{}", token.replace('~', "~0").replace('/', "~1"))?,
                Step::Key(key) => {
                    let dot = if at == 0 { "" } else { "." };
                    // A slash in front would make a pointer of the path.
                    let bare = !key.is_empty() && key.chars().all(is_bare) && !(at == 0 && key.starts_with('/'));
                    write!(out, "{dot}{}", if bare { key.clone() } else { in_quotes(key) })?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(key: &str) -> Step {
        Step::Key(key.to_owned())
    }

    fn token(token: &str) -> Step {
        Step::Token(token.to_owned())
    }

    #[test]
    fn the_forms_of_the_documentation() {
        for (text, steps) in [
            ("success", vec![key("success")]),
            ("a.b[0].\"x y\"", vec![key("a"), key("b"), Step::Index(0), key("x y")]),
            ("latencies.99th", vec![key("latencies"), key("99th")]),
            ("[2].value", vec![Step::Index(2), key("value")]),
            ("a['x.y']", vec![key("a"), key("x.y")]),
            ("/a/b~1c/0/m~0n", vec![token("a"), token("b/c"), token("0"), token("m~n")]),
            ("/", vec![token("")]),
        ] {
            assert_eq!(text.parse::<Path>().unwrap().0, steps, "{text}");
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, character, problem) in [
            ("", 1, "expected a key, the query ends"),
            ("a..b", 3, "expected a key, found '.'"),
            ("a[x]", 3, "expected the number of an element, from 0, or a key in quotes, found 'x'"),
            ("a[-1]", 3, "expected the number of an element, from 0, or a key in quotes, found '-'"),
            ("a[1", 4, "expected ']', the query ends"),
            ("a b", 3, "expected '.', '[' or the end (put quotes around keys with other characters), found 'b'"),
            ("a.\"b", 3, "this \" is never closed"),
            ("/a~2", 3, "in a pointer '~' is written '~0', and a '/' in a key '~1'"),
        ] {
            let error = text.parse::<Path>().unwrap_err();
            assert_eq!((error.character, error.problem.as_str()), (character, problem), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in prop_oneof![any::<String>(), r#"[a-z0-9/~.\[\]"'\\ ]{0,30}"#]) {
            let _ = text.parse::<Path>();
        }

        #[test]
        fn what_is_written_is_read_back(
            steps in prop_oneof![
                proptest::collection::vec(any::<String>().prop_map(Step::Token), 1..5),
                proptest::collection::vec(
                    prop_oneof![any::<String>().prop_map(Step::Key), any::<usize>().prop_map(Step::Index)],
                    1..5,
                ),
            ],
        ) {
            let path = Path(steps);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }
    }
}
