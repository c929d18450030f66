//! What answers tasks, as it stands in the file.

use capstan_model::diagnostic::{Diagnostic, Span};
use capstan_model::yaml::{Decoder, FromYaml, NodeId};
use jiff::SignedDuration;

use super::decode::{count, length, object, span_of_time};
use super::file::ScriptedTool;
use crate::simulator::Answer;

/// How long a lease is unless it is said: as long as the API grants it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// How long it can be, as with the API.
const LEASES: [SignedDuration; 2] = [SignedDuration::from_secs(1), SignedDuration::from_hours(1)];

/// What one answer can say.
const ANSWER: [&str; 12] = [
    "starts",
    "after",
    "works",
    "dies",
    "heartbeat",
    "progress",
    "releases",
    "twice",
    "times",
    "result",
    "status",
    "data",
];

/// What says something of a tool that claims, and of no other.
const CLAIMING: [&str; 4] = ["waits", "lease", "progress", "releases"];

/// What says something of a tool that does not claim, and why it says nothing of one that does.
const NOT_CLAIMING: [(&str, &str); 2] =
    [("run", "it is granted whatever task comes next"), ("starts", "a claim is a start")];

/// A tool, and where it stands.
pub(super) struct ToolEntry {
    pub(super) scripted: ScriptedTool,
    pub(super) span: Span,
}

impl FromYaml for ToolEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let (mut task, mut source, mut stage, mut service, mut run) = (None, None, None, None, None);
        let (mut claims, mut waits, mut lease) = (false, false, LEASE);
        let (mut answer, mut answers) = (Answer::default(), None);
        let mut said: Vec<(String, Span)> = Vec::new();
        let known: Vec<&str> = ["task", "source", "stage", "service", "run", "claims", "waits", "lease", "answers"]
            .into_iter()
            .chain(ANSWER)
            .collect();
        decoder.mapping(node, "a map with 'task'", &known, |decoder, key, value| {
            said.push((key.to_owned(), decoder.span(value)));
            match key {
                "task" => task = String::from_yaml(decoder, value),
                "source" => source = String::from_yaml(decoder, value),
                "stage" => stage = String::from_yaml(decoder, value),
                "service" => service = String::from_yaml(decoder, value),
                "run" => run = String::from_yaml(decoder, value),
                "claims" => claims = bool::from_yaml(decoder, value).unwrap_or(false),
                "waits" => waits = bool::from_yaml(decoder, value).unwrap_or(false),
                "lease" => lease = term(decoder, value).unwrap_or(LEASE),
                "answers" => answers = Some(value),
                _ => return say(decoder, key, value, &mut answer),
            }
            true
        })?;
        // What stands beside them holds for all answers that do not say otherwise.
        let answers = match answers {
            None => vec![answer],
            Some(list) => {
                let list = Vec::<Node>::from_yaml(decoder, list).unwrap_or_default();
                let each = list.into_iter().map(|Node(node)| {
                    let mut own = answer.clone();
                    decoder.mapping(node, "a map of one answer", &ANSWER, |decoder, key, value| {
                        said.push((key.to_owned(), decoder.span(value)));
                        say(decoder, key, value, &mut own)
                    });
                    own
                });
                each.collect()
            }
        };
        for (key, span) in said {
            check(decoder, claims, &key, span);
        }
        let Some(task) = task else {
            let span = decoder.span(node);
            decoder.error(Diagnostic::error("SIM013", span, "a tool has no task").help("write 'task: deployment'"));
            return None;
        };
        let mut scripted = ScriptedTool::new(&task, answers);
        let tool = &mut scripted.tool;
        (tool.stage, tool.service, scripted.run) = (stage, service, run);
        tool.source = source.unwrap_or(tool.source.clone());
        (tool.lease, tool.waits) = (claims.then_some(lease), claims && waits);
        Some(Self { scripted, span: decoder.span(node) })
    }
}

/// A key that says nothing of a tool of this kind is an error.
fn check(decoder: &mut Decoder<'_>, claims: bool, key: &str, span: Span) {
    let of_others = NOT_CLAIMING.into_iter().find(|(other, _)| *other == key);
    let (message, help) = match of_others {
        Some((_, why)) if claims => (format!("'{key}' says nothing of a tool that claims: {why}"), "remove it"),
        _ if !claims && CLAIMING.contains(&key) => {
            (format!("'{key}' says nothing of a tool that does not claim"), "add 'claims: true', or remove it")
        }
        _ => return,
    };
    decoder.error(Diagnostic::error("SIM017", span, message).help(help));
}

/// The length of a lease.
fn term(decoder: &mut Decoder<'_>, node: NodeId) -> Option<SignedDuration> {
    let term = span_of_time(decoder, node)?;
    if (LEASES[0]..=LEASES[1]).contains(&term) {
        return Some(term);
    }
    let error = Diagnostic::error("SIM018", decoder.span(node), "a lease is 1 second to 1 hour long");
    decoder.error(error.help("write one such as 30s, and let 'heartbeat' renew it"));
    None
}

/// One key of an answer. Whether it is one.
fn say(decoder: &mut Decoder<'_>, key: &str, value: NodeId, answer: &mut Answer) -> bool {
    match key {
        "starts" => answer.starts = bool::from_yaml(decoder, value).unwrap_or(true),
        "dies" => answer.dies = bool::from_yaml(decoder, value).unwrap_or(false),
        "twice" => answer.times = if bool::from_yaml(decoder, value).unwrap_or(false) { 2 } else { 1 },
        "times" => answer.times = count(decoder, value).unwrap_or(1),
        "after" => answer.after = span_of_time(decoder, value).unwrap_or_default(),
        "works" => answer.works = length(decoder, value).unwrap_or_default(),
        "heartbeat" => answer.heartbeat = span_of_time(decoder, value),
        "progress" => answer.progress = String::from_yaml(decoder, value),
        "releases" => answer.releases = String::from_yaml(decoder, value),
        "result" | "status" => {
            if let Some(text) = String::from_yaml(decoder, value) {
                answer.data.insert(key.to_owned(), text.into());
            }
        }
        "data" => answer.data.extend(object(decoder, value).unwrap_or_default()),
        _ => return false,
    }
    true
}

/// A node that is read later.
struct Node(NodeId);

impl FromYaml for Node {
    fn from_yaml(_: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        Some(Self(node))
    }
}
