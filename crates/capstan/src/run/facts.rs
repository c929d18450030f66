//! What happened in a run, a line for each fact.

use capstan_model::event::EventType;
use capstan_model::timeframe::display;
use serde_json::Value;

use crate::client::{Entry, WholeRun};

/// When, where and what.
pub(super) fn line(entry: &Entry, whole: &WholeRun) -> String {
    let sequence = entry.sequence.as_deref().and_then(|id| whole.sequence(id));
    let place = sequence.map_or_else(|| "run".to_owned(), |of| format!("{}.{}", of.stage, of.name));
    format!("{}  {place}  {}", display(entry.at), what(entry, whole))
}

/// What happened, in words: those of the server where it has some.
fn what(entry: &Entry, whole: &WholeRun) -> String {
    if let Some(sentence) = &entry.sentence {
        return sentence.clone();
    }
    let fact = &entry.fact;
    let text = |key: &str| fact[key].as_str().unwrap_or_default();
    let sequence = entry.sequence.as_deref().and_then(|id| whole.sequence(id));
    let task = || {
        let index = fact["task"].as_u64().and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| sequence?.tasks.get(index)).map_or("a task", String::as_str)
    };
    let event = &fact["event"];
    let source = event["source"].as_str().or(fact["source"].as_str()).unwrap_or_default();
    match entry.name() {
        "slot_wanted" => "wants its turn".to_owned(),
        "queued" => "stands behind others".to_owned(),
        "slot_held" => "has its turn".to_owned(),
        "slot_freed" => "gives its turn up".to_owned(),
        "task_ready" if fact["due"].is_string() => format!("{} is next, not before {}", task(), text("due")),
        "task_ready" => format!("{} is next", task()),
        "task_offered" => match fact["attempt"].as_u64() {
            Some(attempt @ 2..) => format!("{} is offered, attempt {attempt}", task()),
            _ => format!("{} is offered", task()),
        },
        "task_started" => format!("'{source}' starts on {}", of_event(event)),
        "task_answered" => format!("'{source}' answers {}: {}", of_event(event), verdict(event)),
        "sign_of_life" => format!("'{source}' is still at work"),
        "task_done" => format!("{} is done: {}", task(), verdict(fact)),
        "reminded" => format!("still waits, since {}", text("since")),
        "ended" => {
            let how = match text("outcome") {
                "timed_out" | "timedOut" => "timed out",
                "aborted" => "aborted",
                _ => "finished",
            };
            let message = text("message");
            let message = if message.is_empty() { String::new() } else { format!(": {message}") };
            format!("{how}: {}{message}", verdict(fact))
        }
        "controlled" => match fact["stage"].as_str() {
            Some(stage) => format!("somebody says: {} in {stage}", text("action")),
            None => format!("somebody says: {}", text("action")),
        },
        other => other.replace('_', " "),
    }
}

fn verdict(of: &Value) -> String {
    let word = |key: &str| of[key].as_str().filter(|text| !text.is_empty()).unwrap_or("none").to_owned();
    format!("{} ({})", word("result"), word("status"))
}

/// The task in the type of an event.
fn of_event(event: &Value) -> &str {
    let kind = event["event_type"].as_str().unwrap_or_default();
    match EventType::parse(kind) {
        EventType::Task { task, .. } | EventType::StatusChanged { task } => task,
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fact_has_words_also_one_of_tomorrow() {
        let event = |kind: &str| json!({"event_type": format!("sh.keptn.event.{kind}"), "source": "helm", "result": "fail", "status": "succeeded"});
        let facts = [
            json!({"fact": "triggered"}),
            json!({"fact": "slot_wanted"}),
            json!({"fact": "queued", "behind": ["other"]}),
            json!({"fact": "slot_held"}),
            json!({"fact": "slot_freed"}),
            json!({"fact": "task_ready", "task": 0}),
            json!({"fact": "task_ready", "task": 1, "due": "2026-01-02T10:05:00Z"}),
            json!({"fact": "task_offered", "task": 0, "attempt": 1}),
            json!({"fact": "task_offered", "task": 0, "attempt": 2}),
            json!({"fact": "task_started", "event": event("deployment.started")}),
            json!({"fact": "task_answered", "event": event("deployment.finished")}),
            json!({"fact": "sign_of_life", "source": "helm"}),
            json!({"fact": "deadline_moved", "deadline": "2026-01-02T10:05:00Z"}),
            json!({"fact": "task_done", "task": 9, "result": "", "status": "unknown"}),
            json!({"fact": "reminded", "since": "2026-01-01T10:00:00Z"}),
            json!({"fact": "paused"}),
            json!({"fact": "resumed"}),
            json!({"fact": "ended", "outcome": "timed_out", "result": "fail", "status": "errored", "message": "nobody started"}),
            json!({"fact": "controlled", "action": "abort"}),
            json!({"fact": "controlled", "action": "pause", "stage": "dev"}),
            json!({"fact": "task_cancelled", "task": 0}),
            json!("odd"),
        ];
        let entry = |(at, fact): (usize, &Value)| json!({"position": at, "at": "2026-01-02T10:00:00Z", "sequence": "s", "fact": fact});
        let mut history: Vec<_> = facts.iter().enumerate().map(entry).collect();
        history.push(json!({"position": 90, "at": "2026-01-02T10:00:00Z", "fact": {"fact": "ignored"}, "sentence": "what the server says"}));
        let whole: WholeRun = serde_json::from_value(json!({
            "sequences": [{
                "id": "s", "name": "delivery", "stage": "dev", "triggered_at": "2026-01-02T10:00:00Z", "state": "started",
                "tasks": ["deployment", "test"],
            }],
            "history": history,
        }))
        .unwrap();
        let lines: Vec<_> = whole.history.iter().map(|entry| line(entry, &whole)).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
