//! The data of the events that the engine makes (contract: core.md 3.4 and 3.5).

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::merge::{merge, merge_maps};
use super::sequence::{Phase, Scope, Sequence};
use super::step;
use super::verdict::Verdict;

/// What came in and what all tasks answered, as the next event carries it.
///
/// Project, stage and service are those of the scope, whatever an answer says (corner 23).
pub(super) fn carried(sequence: &Sequence, stage: &str) -> Map<String, Value> {
    carried_beside(sequence, stage, &(0..0))
}

/// The same for a task of a group: what was done beside it is none of its business.
fn carried_beside(sequence: &Sequence, stage: &str, group: &Range<usize>) -> Map<String, Value> {
    let mut data = (*sequence.input).clone();
    for task in sequence.done.iter().filter(|task| !group.contains(&task.task)) {
        if let Value::Object(properties) = &task.properties {
            merge_maps(&mut data, properties);
        }
    }
    let so_far = match (&sequence.phase, &sequence.closing) {
        (Phase::Ended(ending), _) => Some((ending.result.as_str(), ending.status.as_str())),
        (_, Some(closing)) => Some((closing.result.as_str(), closing.status.as_str())),
        (_, None) => {
            let verdict = Verdict::of_sequence_but(sequence, group);
            verdict.last.map(|_| (verdict.result, verdict.status))
        }
    };
    if let Some((result, status)) = so_far {
        data.insert("result".to_owned(), result.into());
        data.insert("status".to_owned(), status.into());
    }
    if let Some(message) = data.get_mut("message") {
        *message = "".into();
    }
    for (field, value) in
        [("project", &*sequence.scope.project), ("stage", stage), ("service", &*sequence.scope.service)]
    {
        data.insert(field.to_owned(), value.into());
    }
    data
}

/// What is carried once this answer to a task has been laid over it, with all that those beside it have answered.
pub(super) fn with_answer(sequence: &Sequence, task: usize, answer: &Value) -> Map<String, Value> {
    let mut data = carried(sequence, &sequence.scope.stage);
    let own = sequence.open_attempt(task);
    let beside = sequence.over().skip(sequence.done.len()).map(|done| &done.properties);
    let answers = beside.chain(own.into_iter().flat_map(|attempt| &attempt.events).map(|event| &event.data));
    for answer in answers.chain([answer]) {
        if let Value::Object(answer) = answer {
            merge_maps(&mut data, answer);
        }
    }
    data
}

/// The data of a task's `.triggered` event: what is carried and, under the task's name, its properties.
pub(super) fn of_task(sequence: &Sequence, task: usize) -> Map<String, Value> {
    let group = step::group(&sequence.definition, task);
    let mut data = carried_beside(sequence, &sequence.scope.stage, &group);
    if let Some(task) = sequence.task(task)
        && !task.properties.is_null()
    {
        merge(data.entry(&*task.name).or_insert(Value::Null), &task.properties);
    }
    data
}

/// The data of a sequence's `.finished` event; labels and message are left out when empty.
pub(super) fn of_end(scope: &Scope, labels: &Value, status: &str, result: &str, message: &str) -> Value {
    let mut data = json!({ "project": scope.project, "stage": scope.stage, "service": scope.service });
    if labels.as_object().is_some_and(|labels| !labels.is_empty()) {
        data["labels"] = labels.clone();
    }
    for (field, text) in [("status", status), ("result", result), ("message", message)] {
        if !text.is_empty() {
            data[field] = text.into();
        }
    }
    data
}

/// Whether what is carried once this answer has come is within the limit, by sizes alone: most answers are far below it, and to
/// merge and to write them out would only show that.
pub(super) fn surely_fits(sequence: &Sequence, task: usize, answer: &Value, limit: usize) -> bool {
    let Scope { project, stage, service, .. } = &*sequence.scope;
    let own = [project, stage, service].iter().map(|name| 6 * name.len()).sum::<usize>() + RESULT_AND_STATUS;
    let answers = sequence.open_attempt(task).into_iter().flat_map(|attempt| &attempt.events).map(|event| &event.data);
    let parts = sequence.over().map(|done| &done.properties).chain(answers).chain([answer]);
    own + most_of_map(&sequence.input) + parts.map(most_bytes).sum::<usize>() <= limit
}

/// More than the names of what the engine adds to data by itself take, with the words of results.
const RESULT_AND_STATUS: usize = 256;

/// As many bytes as JSON may take at most.
fn most_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 32,
        // Each byte may have to be escaped.
        Value::String(text) => 6 * text.len() + 2,
        Value::Array(items) => items.iter().map(|item| most_bytes(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => most_of_map(members),
    }
}

fn most_of_map(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, member)| 6 * name.len() + 4 + most_bytes(member)).sum::<usize>() + 2
}

/// Why data cannot be sent, where they are too large; names the three largest fields.
pub(super) fn too_large(data: &Map<String, Value>, limit: usize) -> Option<String> {
    if most_of_map(data) <= limit {
        return None;
    }
    let size = |value: &Value| serde_json::to_vec(value).map_or(0, |bytes| bytes.len());
    let mut fields: Vec<(usize, &str)> =
        data.iter().map(|(name, value)| (size(value) + name.len() + 4, &**name)).collect();
    let total = fields.iter().map(|(bytes, _)| bytes).sum::<usize>() + 1;
    if total <= limit {
        return None;
    }
    fields.sort_by(|a, b| b.cmp(a));
    let largest: Vec<String> = fields.iter().take(3).map(|(bytes, name)| format!("'{name}' {bytes}")).collect();
    Some(format!(
        "the event's data would be {total} bytes, more than the {limit} that are allowed (largest: {}); answer with a link \
         instead of the content",
        largest.join(", ")
    ))
}
