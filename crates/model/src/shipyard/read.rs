//! From text to stages and sequences, or to the reasons why not.

use std::sync::Arc;

use super::file::{SequenceEntry, ShipyardFile, StageEntry, TaskEntry, TriggerEntry};
use super::flow::Flow;
use super::types::{Sequence, Shipyard, Stage, Task, Trigger};
use super::version;
use crate::diagnostic::{Diagnostic, Span};
use crate::entity_name::valid_entity_name;
use crate::yaml::{self, Decoder, FromYaml, Spanned};

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadShipyard {
    /// What it means.
    pub shipyard: Shipyard,
    /// As written, for lint.
    pub file: ShipyardFile,
    /// Findings about keys that nobody reads.
    pub unknown_keys: Vec<Diagnostic>,
    /// Where the text goes on behind the first document, which alone is read.
    pub rest: Option<Span>,
}

/// Why a shipyard is refused, in the order in which v1 would come upon the reasons: the smallest is the one that it tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The text is not YAML, or a value is of the wrong type.
    Unparsable,
    /// `apiVersion` as written is missing (then empty), no version, or below 0.2.
    Version(String),
    /// There are no stages.
    NoStages,
    /// A stage has no name.
    StageNameMissing,
    /// A stage's name, as written, breaks the rule for names.
    StageName(String),
    /// Two stages have this name; v1 takes that and never finds the second.
    StageTwice(String),
    /// A key that v1 does not have, such as `timeout` or `when`, is not to be understood.
    Flow,
}

/// Everything that is wrong with a refused file, in the order of the file: never empty, and each diagnostic with its reason.
pub type Rejections = Vec<(Rejection, Diagnostic)>;

/// Reads a file. An empty one lacks everything.
pub fn read(text: &str) -> Result<ReadShipyard, Rejections> {
    let unparsable = |diagnostic| (Rejection::Unparsable, diagnostic);
    let document = yaml::compose(text).map_err(|diagnostic| vec![unparsable(diagnostic)])?;
    let mut decoder = Decoder::new(&document);
    let file = document.root.and_then(|root| ShipyardFile::from_yaml(&mut decoder, root)).unwrap_or_default();
    let (errors, unknown_keys) = decoder.finish();
    if !errors.is_empty() {
        return Err(errors.into_iter().map(unparsable).collect());
    }
    let whole = Span { start: 0, end: text.lines().next().map_or(0, str::len) };
    let mut rejections: Rejections = bad_version(file.api_version.as_ref(), whole).into_iter().collect();
    rejections.extend(bad_stages(&file, whole));
    let mut flow = Flow::new(text);
    let shipyard = Shipyard {
        api_version: text_of(file.api_version.as_ref()),
        name: file.metadata.as_ref().and_then(|metadata| metadata.name.clone()).unwrap_or_default(),
        stages: file.stages().iter().map(|entry| stage(&entry.value, &mut flow)).collect(),
    };
    rejections.extend(flow.errors().into_iter().map(|diagnostic| (Rejection::Flow, diagnostic)));
    if !rejections.is_empty() {
        rejections.sort_by_key(|(_, diagnostic)| diagnostic.span);
        return Err(rejections);
    }
    Ok(ReadShipyard { shipyard, file, unknown_keys, rest: document.rest })
}

fn bad_version(text: Option<&Spanned<String>>, whole: Span) -> Option<(Rejection, Diagnostic)> {
    const HELP: &str = "write 'apiVersion: spec.keptn.sh/0.2.3'";
    let given = text.map_or("", |text| text.value.as_str());
    if version::is_supported(given) {
        return None;
    }
    let message = match given {
        "" => "'apiVersion' is missing".to_owned(),
        _ if version::is_version(given) => {
            format!("version '{given}' of the format is not read, only releases from 0.2 on")
        }
        _ => format!("'{given}' is no version of the format"),
    };
    let diagnostic = Diagnostic::error("SHY001", text.map_or(whole, |text| text.span), message).help(HELP);
    Some((Rejection::Version(given.to_owned()), diagnostic))
}

fn bad_stages(file: &ShipyardFile, whole: Span) -> Rejections {
    let stages = file.stages();
    if stages.is_empty() {
        let span = file.spec.as_ref().map_or(whole, |spec| spec.span);
        let diagnostic = Diagnostic::error("SHY010", span, "there are no stages")
            .help("write 'spec:', below it 'stages:', and below that '- name: dev'");
        return vec![(Rejection::NoStages, diagnostic)];
    }
    let mut rejections = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let Some(name) = stage.value.name.as_ref().filter(|name| !name.value.is_empty()) else {
            let span = stage.value.name.as_ref().map_or(stage.span, |name| name.span);
            let diagnostic = Diagnostic::error("SHY011", span, "a stage has no name").help("write 'name: dev'");
            rejections.push((Rejection::StageNameMissing, diagnostic));
            continue;
        };
        let earlier = |other: &Spanned<StageEntry>| text_of(other.value.name.as_ref()) == name.value;
        let text = name.value.clone();
        if !valid_entity_name(&text) {
            let message = format!("'{text}' is no name for a stage");
            let diagnostic = Diagnostic::error("SHY012", name.span, message).help(name_help(&text));
            rejections.push((Rejection::StageName(text), diagnostic));
        } else if stages[..at].iter().any(earlier) {
            let message = format!("a stage '{text}' stands further up");
            let diagnostic = Diagnostic::error("SHY013", name.span, message)
                .help("rename one of the two, or put the sequences of both into one");
            rejections.push((Rejection::StageTwice(text), diagnostic));
        }
    }
    rejections
}

/// The rule, with the nearest name that obeys it where there is one.
fn name_help(name: &str) -> String {
    const RULE: &str = "a lower case letter, then lower case letters, digits and hyphens, the last no hyphen";
    let near: String =
        name.chars().map(|c| if matches!(c, '_' | '.' | ' ') { '-' } else { c.to_ascii_lowercase() }).collect();
    let near = near.trim_matches('-');
    if valid_entity_name(near) { format!("write '{near}': {RULE}") } else { RULE.to_owned() }
}

fn text_of(text: Option<&Spanned<String>>) -> String {
    text.map(|text| text.value.clone()).unwrap_or_default()
}

fn stage(entry: &StageEntry, flow: &mut Flow<'_>) -> Stage {
    let sequences = entry.sequences.iter().flatten();
    Stage {
        name: text_of(entry.name.as_ref()),
        sequences: sequences.map(|entry| Arc::new(sequence(&entry.value, flow))).collect(),
    }
}

fn sequence(entry: &SequenceEntry, flow: &mut Flow<'_>) -> Sequence {
    let tasks = entry.tasks.as_deref().unwrap_or_default();
    flow.check_groups(tasks);
    Sequence {
        name: text_of(entry.name.as_ref()),
        triggered_on: entry.triggered_on.iter().flatten().map(|entry| trigger(&entry.value)).collect(),
        timeout: flow.limit(entry.timeout.as_ref()),
        concurrency: entry.concurrency.as_ref().map(|block| flow.concurrency(&block.value)),
        tasks: tasks.iter().map(|entry| task(&entry.value, flow)).collect(),
    }
}

fn trigger(entry: &TriggerEntry) -> Trigger {
    let conditions = entry.selector.iter().flat_map(|selector| selector.conditions.iter().flatten());
    Trigger {
        event: text_of(entry.event.as_ref()),
        selector: conditions.map(|(key, value)| (key.clone(), value.value.clone())).collect(),
    }
}

fn task(entry: &TaskEntry, flow: &mut Flow<'_>) -> Task {
    let delay = entry.triggered_after.as_ref().filter(|text| !text.value.is_empty());
    Task {
        name: text_of(entry.name.as_ref()),
        triggered_after: delay.map(|text| text.value.clone()),
        start_timeout: flow.limit(entry.start_timeout.as_ref()),
        timeout: flow.limit(entry.timeout.as_ref()),
        retry: entry.retry.as_ref().and_then(|retry| flow.retry(retry)),
        when: entry.when.as_ref().and_then(|text| flow.when(text)),
        parallel: entry.parallel.as_ref().map(|name| name.value.clone()),
        join: flow.join(entry.join.as_ref()),
        finally: entry.finally.is_some_and(|finally| finally.value),
        properties: entry.properties.as_ref().map(|properties| properties.value.clone()).unwrap_or_default(),
    }
}
