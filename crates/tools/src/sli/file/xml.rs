//! Walks through an XML document, element by element.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufRead};

use quick_xml::events::{BytesStart, Event, attributes};
use quick_xml::{Reader, XmlVersion};

use super::error::Trouble;
use super::lines::LineCounter;

/// Deepest nesting of elements that is followed.
const DEEPEST: usize = 128;

/// Is told of the elements of a document, in their order. The messages of errors get file and line added.
pub(crate) trait Visitor {
    /// An element begins; the root is at depth 1.
    fn open(&mut self, depth: usize, element: &Element<'_>) -> Result<(), String>;

    /// The element at this depth ends.
    fn close(&mut self, depth: usize) -> Result<(), String>;
}

/// The start of an element.
pub(crate) struct Element<'a>(&'a BytesStart<'a>);

impl<'a> Element<'a> {
    /// Its name, without a prefix.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.0.local_name().into_inner())
    }

    /// Calls `each` with its attributes.
    pub(crate) fn attributes(&self, mut each: impl FnMut(&Attribute<'a>) -> Result<(), String>) -> Result<(), String> {
        let mut attributes = self.0.attributes();
        attributes.try_for_each(|attribute| each(&Attribute(attribute.map_err(|error| ill_formed(&error))?)))
    }
}

/// An attribute of an element.
pub(crate) struct Attribute<'a>(attributes::Attribute<'a>);

impl<'a> Attribute<'a> {
    /// Its name, without a prefix.
    pub(crate) fn name(&self) -> &[u8] {
        self.0.key.local_name().into_inner()
    }

    /// Its value, with predefined entities and references to characters resolved.
    pub(crate) fn value(&self) -> Result<Cow<'a, str>, String> {
        self.0.normalized_value(XmlVersion::Implicit1_0).map_err(|error| ill_formed(&error))
    }
}

fn ill_formed(error: &impl Display) -> String {
    format!("not well-formed XML: {error}")
}

/// Leads `visitor` through the document in `reader`.
///
/// Entities other than the predefined ones are never resolved, declared or not.
pub(crate) fn walk(reader: impl BufRead, visitor: &mut impl Visitor) -> Result<(), Trouble> {
    let mut reader = Reader::from_reader(LineCounter::new(reader));
    let mut buffer = Vec::new();
    let mut depth = 0;
    let mut ended = false;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let line = reader.get_ref().line();
        let at = |problem| Trouble::at(line, problem);
        let event = match event {
            Ok(event) => event,
            Err(quick_xml::Error::Io(cause)) => return Err(io::Error::new(cause.kind(), cause).into()),
            Err(error) => return Err(at(ill_formed(&error))),
        };
        match event {
            Event::Start(_) | Event::Empty(_) if ended => {
                return Err(at(
                    "a second root element: give a report of its own to each source, or merge them".to_owned()
                ));
            }
            Event::Start(start) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(at(format!("elements are nested more than {DEEPEST} deep")));
                }
                visitor.open(depth, &Element(&start)).map_err(at)?;
            }
            Event::Empty(start) => {
                visitor.open(depth + 1, &Element(&start)).map_err(at)?;
                visitor.close(depth + 1).map_err(at)?;
                ended = depth == 0;
            }
            Event::End(_) => {
                visitor.close(depth).map_err(at)?;
                depth -= 1;
                ended = depth == 0;
            }
            Event::Text(text) if depth == 0 && !text.trim_ascii().is_empty() => {
                return Err(at("text outside of the root element".to_owned()));
            }
            Event::Eof if depth > 0 => {
                let open = if depth == 1 { "1 element is".to_owned() } else { format!("{depth} elements are") };
                return Err(at(format!("the file ends while {open} open: the tool was stopped, or still writes")));
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
