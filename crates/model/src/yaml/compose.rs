//! From text to nodes.

use std::borrow::Cow;
use std::collections::HashMap;

use libyaml_safer::{Error, Event, EventData, Mark, Parser, ScalarStyle};

use super::node::{Document, Node, NodeId, NodeKind};
use crate::diagnostic::{Diagnostic, Span};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How deeply a file may be nested, as in v1; the parser's time grows with the square of it.
const DEPTH: usize = 10_000;

/// How often a text is mended and read again, at most.
const MENDS: usize = 100;

/// Reads the first document of a text, or says where its syntax breaks.
///
/// One thing libyaml refuses that v1's port of it reads: a plain text that ends with a colon before a bracket or comma, as in
/// `[a:, b]`. There another character stands in for the colon while the text is read.
pub fn compose(text: &str) -> Result<Document, Diagnostic> {
    let stand_in = ('\u{e000}'..='\u{f8ff}').find(|c| !text.contains(*c)).unwrap_or('\u{e000}');
    let mut mended = text.to_owned();
    let mut colons = Vec::new();
    loop {
        match compose_safely(&mended) {
            Ok(mut document) => {
                for node in &mut document.nodes {
                    node.span = unmended(node.span, &colons);
                    if let NodeKind::Scalar(value) = &mut node.kind
                        && !colons.is_empty()
                    {
                        *value = value.replace(stand_in, ":");
                    }
                }
                document.rest = document.rest.map(|rest| unmended(rest, &colons));
                document.length = text.len();
                return Ok(document);
            }
            Err((_, Some(colon))) if colons.len() < MENDS => {
                mended.replace_range(colon..=colon, stand_in.encode_utf8(&mut [0; 4]));
                colons.push(colon);
            }
            Err((diagnostic, _)) => return Err(Diagnostic { span: unmended(diagnostic.span, &colons), ..diagnostic }),
        }
    }
}

/// A place of the mended text in the text as it was; `colons` are the places of three-byte stand-ins, in rising order.
fn unmended(span: Span, colons: &[usize]) -> Span {
    let back = |offset: usize| offset - 2 * colons.iter().filter(|at| **at < offset).count();
    Span { start: back(span.start), end: back(span.end) }
}

/// Reads a text. The parser panics on a few malformed texts, such as `{!,`; to the author of a file that is an error
/// like any other.
fn compose_safely(text: &str) -> Result<Document, (Diagnostic, Option<usize>)> {
    std::panic::catch_unwind(|| compose_strictly(text)).unwrap_or_else(|_| {
        let whole = Span { start: 0, end: text.lines().next().map_or(0, str::len) };
        let diagnostic = Diagnostic::error("YAML001", whole, "this is not YAML");
        Err((diagnostic.help("look for a stray '!' or '%'; texts with such characters need quotes"), None))
    })
}

/// Reads a text by libyaml's grammar. The error comes with the place of the colon that a stand-in would mend.
fn compose_strictly(text: &str) -> Result<Document, (Diagnostic, Option<usize>)> {
    let (offset, body) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => (BYTE_ORDER_MARK.len(), body),
        None => (0, text),
    };
    let mut composer = Composer {
        document: Document { nodes: Vec::new(), root: None, rest: None, length: text.len() },
        open: Vec::new(),
        anchors: HashMap::new(),
        offset,
    };
    // The parser cannot end in the middle of a block scalar's line, so a missing newline is lent, and taken back below.
    let lent = !body.ends_with(['\n', '\r']);
    let body = if lent { Cow::Owned(format!("{body}\n")) } else { Cow::Borrowed(body) };
    let mut bytes = body.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    loop {
        let event = parser.parse().map_err(|error| {
            let colon = error.problem_mark().map(|mark| composer.at(mark));
            let mendable = error.problem() == "found unexpected ':'";
            (composer.syntax_error(&error, &body), colon.filter(|at| mendable && text[*at..].starts_with(':')))
        })?;
        match event.data {
            EventData::StreamEnd => return Ok(composer.document),
            EventData::DocumentEnd { .. } => {
                if lent {
                    composer.take_back_newline(text);
                }
                let end = composer.at(event.end_mark);
                composer.document.rest = rest(&text[end.min(text.len())..], end);
                return Ok(composer.document);
            }
            _ => composer.take(event).map_err(|diagnostic| (diagnostic, None))?,
        }
    }
}

/// The first line behind the first document that says anything.
fn rest(behind: &str, offset: usize) -> Option<Span> {
    let mut start = offset;
    for line in behind.split_inclusive('\n') {
        let words = line.trim();
        if !words.is_empty() && !words.starts_with('#') && words != "..." && words != "---" {
            let start = start + (line.len() - line.trim_start().len());
            return Some(Span { start, end: start + words.len() });
        }
        start += line.len();
    }
    None
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
        if self.open.len() > DEPTH {
            return Err(Diagnostic::error("YAML007", span, "this is nested too deeply"));
        }
        match event.data {
            EventData::Scalar { anchor, tag, value, style, .. } => {
                let quoted = !matches!(style, ScalarStyle::Plain | ScalarStyle::Any);
                let implied = match () {
                    () if quoted => Some("!!str"),
                    () if value == "<<" => Some("!!merge"),
                    () => None,
                };
                let tag = explicit(tag).or_else(|| implied.map(Cow::Borrowed));
                self.add(Node { kind: NodeKind::Scalar(value), tag, span }, anchor);
            }
            EventData::Alias { anchor } => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(Diagnostic::error(
                        "YAML002",
                        span,
                        format!("no anchor '&{anchor}' stands before this alias"),
                    )
                    .help("define it before its use, or put a text that begins with '*' in quotes"));
                };
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

    /// Takes the newline that the text did not end with from the block scalar that reaches to its end.
    fn take_back_newline(&mut self, text: &str) {
        let blank = |line: &str| line.trim_matches(' ').is_empty();
        let Some(last) = self.document.nodes.iter_mut().rev().find(|node| matches!(node.kind, NodeKind::Scalar(_)))
        else {
            return;
        };
        let block = text[last.span.start..].starts_with(['|', '>']);
        if let NodeKind::Scalar(value) = &mut last.kind
            && block
            && last.span.end >= text.len()
            && !text.lines().next_back().is_some_and(blank)
            && value.ends_with('\n')
        {
            value.pop();
        }
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
    if rest.starts_with(['>', '|']) {
        return Some("put it in quotes: unquoted, '>' and '|' begin a text of several lines");
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
        "did not find expected ',' or '}'" | "did not find expected ',' or ']'" => {
            Some("a comma is missing, or a bracket before this place is not closed")
        }
        _ => None,
    }
}

/// An explicit tag in short form; `!` alone says no more than none.
fn explicit(tag: Option<String>) -> Option<Cow<'static, str>> {
    let tag = tag.filter(|tag| !tag.is_empty() && tag != "!")?;
    Some(Cow::Owned(match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(short) => format!("!!{short}"),
        None => tag,
    }))
}
