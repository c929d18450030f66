//! From text to nodes.

use std::collections::HashMap;

use libyaml_safer::{Error, Event, EventData, Mark, Parser, ScalarStyle};

use super::node::{Document, Node, NodeId, NodeKind};
use crate::diagnostic::{Diagnostic, Span};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads the first document of a text, or says where its syntax breaks.
pub fn compose(text: &str) -> Result<Document, Diagnostic> {
    let (offset, body) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => (BYTE_ORDER_MARK.len(), body),
        None => (0, text),
    };
    let mut composer = Composer {
        document: Document { nodes: Vec::new(), root: None, length: text.len() },
        open: Vec::new(),
        anchors: HashMap::new(),
        offset,
    };
    let mut bytes = body.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    loop {
        let event = parser.parse().map_err(|error| composer.syntax_error(&error, body))?;
        match event.data {
            EventData::DocumentEnd { .. } | EventData::StreamEnd => return Ok(composer.document),
            _ => composer.take(event)?,
        }
    }
}

struct Composer {
    document: Document,
    /// Collections that are not yet closed, outermost first, each with the key that waits for its value.
    open: Vec<(NodeId, Option<NodeId>)>,
    anchors: HashMap<String, NodeId>,
    offset: usize,
}

impl Composer {
    fn take(&mut self, event: Event) -> Result<(), Diagnostic> {
        let span = Span { start: self.at(event.start_mark), end: self.at(event.end_mark) };
        match event.data {
            EventData::Scalar { anchor, tag, value, style, .. } => {
                let quoted = !matches!(style, ScalarStyle::Plain | ScalarStyle::Any);
                let implied = match () {
                    () if quoted => Some("!!str"),
                    () if value == "<<" => Some("!!merge"),
                    () => None,
                };
                let tag = explicit(tag).or_else(|| implied.map(str::to_owned));
                self.add(Node { kind: NodeKind::Scalar(value), tag, span }, anchor);
            }
            EventData::Alias { anchor } => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(Diagnostic::error("YAML002", span, format!("no anchor '&{anchor}' stands before this alias")));
                };
                if self.open.iter().any(|(id, _)| *id == target) {
                    return Err(Diagnostic::error("YAML002", span, format!("the anchor '&{anchor}' contains itself")));
                }
                self.add(Node { kind: NodeKind::Alias(anchor, target), tag: None, span }, None);
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let id = self.add(Node { kind: NodeKind::Sequence(Vec::new()), tag: explicit(tag), span }, anchor);
                self.open.push((id, None));
            }
            EventData::MappingStart { anchor, tag, .. } => {
                let id = self.add(Node { kind: NodeKind::Mapping(Vec::new()), tag: explicit(tag), span }, anchor);
                self.open.push((id, None));
            }
            EventData::SequenceEnd | EventData::MappingEnd => {
                if let Some((id, _)) = self.open.pop() {
                    let node = &mut self.document.nodes[id];
                    node.span.end = node.span.end.max(span.start);
                }
            }
            EventData::StreamStart { .. }
            | EventData::StreamEnd
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. } => {}
        }
        Ok(())
    }

    /// Appends a node and hangs it into the innermost open collection.
    fn add(&mut self, node: Node, anchor: Option<String>) -> NodeId {
        let id = self.document.nodes.len();
        self.document.nodes.push(node);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        match self.open.last_mut() {
            None => self.document.root = Some(id),
            Some((parent, waiting)) => match &mut self.document.nodes[*parent].kind {
                NodeKind::Sequence(items) => items.push(id),
                NodeKind::Mapping(entries) => match waiting.take() {
                    None => *waiting = Some(id),
                    Some(key) => entries.push((key, id)),
                },
                NodeKind::Scalar(_) | NodeKind::Alias(..) => {}
            },
        }
        id
    }

    fn at(&self, mark: Mark) -> usize {
        usize::try_from(mark.index).map_or(self.document.length, |index| index + self.offset).min(self.document.length)
    }

    fn syntax_error(&self, error: &Error, body: &str) -> Diagnostic {
        let start = error.problem_mark().map_or(0, |mark| self.at(mark));
        let span = Span { start, end: (start + 1).min(self.document.length).max(start) };
        let mut message = error.problem().to_owned();
        if let Some(context) = error.context() {
            message = format!("{message} ({context})");
        }
        let diagnostic = Diagnostic::error("YAML001", span, message);
        match syntax_help(error.problem(), body, start.saturating_sub(self.offset)) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

/// What most often lies behind a syntax error at a place.
fn syntax_help(problem: &str, body: &str, at: usize) -> Option<&'static str> {
    let rest = body.get(at..).unwrap_or("");
    if rest.starts_with('\t') || problem.contains("tab") {
        return Some("YAML is indented with spaces; replace the tab");
    }
    if rest.starts_with(['@', '`', '%']) {
        return Some("put the value in quotes");
    }
    match problem {
        "mapping values are not allowed in this context" => {
            Some("a text that contains ': ' needs quotes; or the indentation is wrong")
        }
        "did not find expected key" | "did not find expected '-' indicator" => {
            Some("check the indentation: entries of one list or map start in one column")
        }
        "could not find expected ':'" => Some("a key is followed by ': ' with a space"),
        "found unexpected end of stream" => Some("a quote or bracket is not closed"),
        _ => None,
    }
}

/// An explicit tag in short form; `!` alone says no more than none.
fn explicit(tag: Option<String>) -> Option<String> {
    let tag = tag.filter(|tag| !tag.is_empty() && tag != "!")?;
    Some(match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(short) => format!("!!{short}"),
        None => tag,
    })
}
