//! From nodes to typed fields. Errors are collected, so that a file's author sees them all at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::node::{Document, Node, NodeId, NodeKind};
use super::scalar::{self, Value};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};

/// How many nodes may be decoded. Aliases can make a small file stand for a huge one; v1 gives up there too.
const DECODE_BUDGET: usize = 4_000_000;

/// Decodes one document and collects what is wrong with it.
pub struct Decoder<'d> {
    pub(super) document: &'d Document,
    diagnostics: Vec<Diagnostic>,
    /// Keys that nobody reads; lint reports them.
    unknown: Vec<Diagnostic>,
    pub(super) budget: usize,
    /// Maps whose merge keys are being worked in, outermost first: one that comes up again contains itself.
    merging: Vec<NodeId>,
}

/// The name, the key and the value of an entry of a mapping.
pub(super) type Entry<'d> = (Cow<'d, str>, NodeId, NodeId);

/// A type that can be read from a node.
///
/// `None` means null or an error that has been noted; the caller then keeps its default.
pub trait FromYaml: Sized {
    /// Reads the node.
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self>;
}

/// A value with its place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<'d> Decoder<'d> {
    /// A decoder for a document.
    pub fn new(document: &'d Document) -> Self {
        Self { document, diagnostics: Vec::new(), unknown: Vec::new(), budget: DECODE_BUDGET, merging: Vec::new() }
    }

    /// The errors, and apart from them the findings about keys that nobody reads; each in the order of the file.
    pub fn finish(self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        let sorted = |mut list: Vec<Diagnostic>| {
            list.sort_by_key(|diagnostic| diagnostic.span);
            list.dedup();
            list
        };
        (sorted(self.diagnostics), sorted(self.unknown))
    }

    /// Notes an error.
    pub fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Where a node stands.
    pub fn span(&self, node: NodeId) -> Span {
        self.document.node(node).span
    }

    /// Explicit or implied tag of a node in short form, such as `!!str`; none where a plain scalar speaks for itself.
    pub fn tag(&self, node: NodeId) -> Option<&str> {
        self.document.resolved(node).tag.as_deref()
    }

    /// Whether a node is null, also through an alias.
    pub fn is_null(&self, node: NodeId) -> bool {
        let node = self.document.resolved(node);
        match &node.kind {
            NodeKind::Scalar(text) => scalar::resolve(node.tag.as_deref(), text) == Ok(Value::Null),
            _ => false,
        }
    }

    /// Reads a mapping: `read` is called for each key with its value and says whether it knows the key.
    ///
    /// `known` serves only to tell what a misspelt key may have meant. Answers whether the node was a mapping at all.
    pub fn mapping(
        &mut self,
        node: NodeId,
        what: &str,
        known: &[&str],
        read: impl FnMut(&mut Self, &str, NodeId) -> bool,
    ) -> Option<()> {
        self.mapping_with_strays(node, what, known, &[], read)
    }

    /// The same; `strays` are keys that are known elsewhere or by another name, each with what is then said, and without
    /// regard to capitals.
    pub fn mapping_with_strays(
        &mut self,
        node: NodeId,
        what: &str,
        known: &[&str],
        strays: &[(&str, &str)],
        mut read: impl FnMut(&mut Self, &str, NodeId) -> bool,
    ) -> Option<()> {
        for (key, key_node, value) in self.entries(node, what)? {
            if !read(self, &key, value) {
                let span = self.span(key_node);
                let finding =
                    Diagnostic::warning("YAML101", span, format!("the key '{key}' is not known here and is ignored"));
                let stray = strays.iter().find(|(stray, _)| stray.eq_ignore_ascii_case(&key));
                self.unknown.push(match (stray, did_you_mean(&key, known.iter().copied())) {
                    (Some((_, help)), _) => finding.help(*help),
                    (None, Some(near)) => finding.help(format!("did you mean '{near}'?")),
                    (None, None) => finding.help(format!("known here: {}", known.join(", "))),
                });
            }
        }
        Some(())
    }

    /// The entries of a mapping with merge keys worked in: its own first, then those of `<<` that it does not have.
    pub(super) fn entries(&mut self, node: NodeId, what: &str) -> Option<Vec<Entry<'d>>> {
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        self.gather(node, what, &mut seen, &mut entries)?;
        Some(entries)
    }

    fn gather(
        &mut self,
        node: NodeId,
        what: &str,
        seen: &mut HashSet<Cow<'d, str>>,
        entries: &mut Vec<Entry<'d>>,
    ) -> Option<()> {
        self.spend(node)?;
        let document = self.document;
        let resolved = document.resolved(node);
        let NodeKind::Mapping(pairs) = &resolved.kind else {
            if !self.is_null(node) {
                self.mismatch(node, what);
            }
            return None;
        };
        self.refuse_repeated_keys(pairs)?;
        let id = document.resolved_id(node);
        if self.merging.contains(&id) {
            let span = self.span(node);
            self.error(
                Diagnostic::error("YAML002", span, "this alias stands for a map that contains it")
                    .help("write the keys out"),
            );
            return None;
        }
        self.merging.push(id);
        let mut merge = None;
        // Plain keys of one map differ, as was seen above. Only with a tag, an alias or a merge can two mean the same.
        let differ = self.merging.len() == 1 && pairs.iter().all(|(key, _)| is_plain(document.node(*key)));
        entries.reserve(pairs.len());
        for (key, value) in pairs {
            if document.node(*key).tag.as_deref() == Some("!!merge") {
                merge = Some(*value);
            } else if let Some(name) = self.text(*key)
                && (differ || seen.insert(name.clone()))
            {
                entries.push((name, *key, *value));
            }
        }
        match merge.map(|merge| (merge, &document.node(merge).kind)) {
            None => {}
            Some((_, NodeKind::Sequence(items))) => {
                for item in items {
                    self.gather_merged(*item, seen, entries);
                }
            }
            Some((merge, _)) => self.gather_merged(merge, seen, entries),
        }
        self.merging.pop();
        Some(())
    }

    fn gather_merged(&mut self, node: NodeId, seen: &mut HashSet<Cow<'d, str>>, entries: &mut Vec<Entry<'d>>) {
        if matches!(self.document.resolved(node).kind, NodeKind::Mapping(_)) {
            self.gather(node, "a map", seen, entries);
        } else {
            let span = self.span(node);
            self.error(
                Diagnostic::error("YAML005", span, "the merge key '<<' takes a map or a list of maps")
                    .help("write '<<: *name', with '&name' on the map to be merged"),
            );
        }
    }

    fn refuse_repeated_keys(&mut self, pairs: &[(NodeId, NodeId)]) -> Option<()> {
        let document = self.document;
        let name = |(key, _): &(NodeId, NodeId)| match &document.node(*key).kind {
            NodeKind::Scalar(name) => Some((name.as_str(), *key)),
            _ => None,
        };
        // Nodes are numbered as they come in the file, so that of two alike the first goes before the second.
        let mut keys: Vec<_> = pairs.iter().filter_map(name).collect();
        keys.sort_unstable();
        let mut clean = true;
        for pair in keys.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let (name, key) = pair[1];
            let diagnostic =
                Diagnostic::error("YAML003", self.span(key), format!("the key '{name}' stands here a second time"));
            self.error(diagnostic.help("a key may be given once; remove one of the two"));
            clean = false;
        }
        clean.then_some(())
    }

    /// Notes that a node is not what is wanted.
    fn mismatch(&mut self, node: NodeId, wanted: &str) {
        let resolved = self.document.resolved(node);
        let found = match &resolved.kind {
            NodeKind::Scalar(text) => {
                let shown: String = text.chars().take(40).collect();
                let more = if shown.len() < text.len() { "…" } else { "" };
                let kind = scalar::resolve(resolved.tag.as_deref(), text).unwrap_or(Value::Text);
                format!("{} '{shown}{more}'", kind.words())
            }
            NodeKind::Sequence(_) => "a list".to_owned(),
            NodeKind::Mapping(_) | NodeKind::Alias(..) => "a map".to_owned(),
        };
        let span = self.headline(node);
        let diagnostic = Diagnostic::error("YAML004", span, format!("{wanted} is wanted here, found {found}"));
        let scalar = matches!(resolved.kind, NodeKind::Scalar(_));
        self.error(match wanted {
            "a list" if scalar => diagnostic.help("write it as a list: each entry on a line of its own, behind '- '"),
            "a list" => diagnostic.help("put '- ' before it to make it a list of one"),
            "true or false" => diagnostic.help("write true or false; yes, no, on and off are read too"),
            "a whole number" => diagnostic.help("write digits alone, without quotes"),
            "text" => diagnostic.help("write one value behind the colon"),
            _ => diagnostic.help("write the keys on lines of their own below it, indented"),
        });
    }

    /// The first line of a node: enough to point at, where a collection runs over many.
    fn headline(&self, node: NodeId) -> Span {
        let span = self.span(node);
        match &self.document.node(node).kind {
            NodeKind::Scalar(_) | NodeKind::Alias(..) => span,
            NodeKind::Sequence(items) => items.first().map_or(span, |first| self.headline(*first)),
            NodeKind::Mapping(pairs) => pairs.first().map_or(span, |(key, _)| self.span(*key)),
        }
    }

    /// Counts one decoded node against the budget.
    pub(super) fn spend(&mut self, node: NodeId) -> Option<()> {
        self.budget = self.budget.saturating_sub(1);
        if self.budget > 0 {
            return Some(());
        }
        let span = self.span(node);
        if self.diagnostics.last().is_none_or(|last| last.code != "YAML006") {
            self.error(Diagnostic::error("YAML006", span, "the aliases of this file stand for too much data"));
        }
        None
    }

    pub(super) fn scalar(&mut self, node: NodeId, wanted: &str) -> Option<(Value, &'d str)> {
        self.spend(node)?;
        let document: &'d Document = self.document;
        let resolved = document.resolved(node);
        let NodeKind::Scalar(text) = &resolved.kind else {
            self.mismatch(node, wanted);
            return None;
        };
        match scalar::resolve(resolved.tag.as_deref(), text) {
            Ok(value) => Some((value, text)),
            Err(tag) => {
                let span = self.span(node);
                self.error(Diagnostic::error("YAML004", span, format!("'{text}' is not what its tag {tag} says")));
                None
            }
        }
    }

    fn text(&mut self, node: NodeId) -> Option<Cow<'d, str>> {
        match self.scalar(node, "text")? {
            (Value::Null, _) => None,
            (_, text) if self.document.resolved(node).tag.as_deref() == Some("!!binary") => {
                let bytes = BASE64.decode(text.replace(['\n', ' '], "")).ok();
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                if text.is_none() {
                    let span = self.span(node);
                    let message = "this is no text in base64, as its tag !!binary says";
                    self.error(Diagnostic::error("YAML004", span, message));
                }
                text.map(Cow::Owned)
            }
            (_, text) => Some(Cow::Borrowed(text)),
        }
    }
}

/// Whether a key means what stands there, and nothing else.
fn is_plain(key: &Node) -> bool {
    matches!(key.kind, NodeKind::Scalar(_)) && matches!(key.tag.as_deref(), None | Some("!!str"))
}

impl FromYaml for String {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        decoder.text(node).map(Cow::into_owned)
    }
}

impl FromYaml for bool {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        match decoder.scalar(node, "true or false")? {
            (Value::Null, _) => None,
            (Value::Bool(truth), _) => Some(truth),
            (Value::Text, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") => Some(true),
            (Value::Text, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") => Some(false),
            _ => {
                decoder.mismatch(node, "true or false");
                None
            }
        }
    }
}

/// A whole number; decimals are cut off, as in v1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truncated {
    /// What remains.
    pub value: i64,
    /// Whether decimals were cut off.
    pub truncated: bool,
}

impl JsonSchema for Truncated {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "number".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<i64>()
    }
}

impl FromYaml for Truncated {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let number = match decoder.scalar(node, "a whole number")? {
            (Value::Null, _) => return None,
            (Value::Integer(number), _) => i64::try_from(number).ok().map(|value| Self { value, truncated: false }),
            // 2^63 itself passes v1's check and then wraps to the smallest number; either way it is no weight.
            (Value::Float(number), _) if number < 9_223_372_036_854_775_808.0 => {
                Some(Self { value: number as i64, truncated: number.fract() != 0.0 })
            }
            _ => None,
        };
        if number.is_none() {
            decoder.mismatch(node, "a whole number");
        }
        number
    }
}

impl<T: FromYaml> FromYaml for Spanned<T> {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let span = decoder.headline(node);
        T::from_yaml(decoder, node).map(|value| Self { value, span })
    }
}

/// Null stays null; without this, a null entry of a list is dropped.
impl<T: FromYaml> FromYaml for Option<T> {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        if decoder.is_null(node) { Some(None) } else { T::from_yaml(decoder, node).map(Some) }
    }
}

impl<T: FromYaml> FromYaml for Vec<T> {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        decoder.spend(node)?;
        let document = decoder.document;
        match &document.resolved(node).kind {
            NodeKind::Sequence(items) => Some(items.iter().filter_map(|item| T::from_yaml(decoder, *item)).collect()),
            _ if decoder.is_null(node) => None,
            _ => {
                decoder.mismatch(node, "a list");
                None
            }
        }
    }
}

/// Text by name; a null value is empty text.
impl FromYaml for BTreeMap<String, String> {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let entries = decoder.entries(node, "a map of names and texts")?;
        let text = |decoder: &mut Decoder<'_>, value| String::from_yaml(decoder, value).unwrap_or_default();
        Some(entries.into_iter().map(|(name, _, value)| (name.into_owned(), text(decoder, value))).collect())
    }
}

/// Text by name, each with the place of its value.
impl FromYaml for BTreeMap<String, Spanned<String>> {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let entries = decoder.entries(node, "a map of names and texts")?;
        let text = |decoder: &mut Decoder<'_>, value| Spanned {
            value: String::from_yaml(decoder, value).unwrap_or_default(),
            span: decoder.span(value),
        };
        Some(entries.into_iter().map(|(name, _, value)| (name.into_owned(), text(decoder, value))).collect())
    }
}
