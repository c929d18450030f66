//! What is open waits for something: the engine says for what, here it is set in the words of the scenario.

use capstan_engine::orchestrate::{self, Awaited, Holder};
use jiff::Timestamp;
use serde::Serialize;

use super::words::Speaker;

/// What an open sequence waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// All that has to happen.
    pub all: Vec<orchestrate::Waiting>,
    /// When it reminds next, where a person is to do something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<Timestamp>,
    /// All of it in a sentence.
    pub sentence: String,
}

impl Waiting {
    /// None where nothing is waited for: it is over.
    pub(super) fn of(
        all: Vec<orchestrate::Waiting>,
        reminder: Option<Timestamp>,
        speaker: &Speaker<'_>,
    ) -> Option<Self> {
        let parts: Vec<String> = all.iter().map(|waiting| part(waiting, reminder, speaker)).collect();
        let sentence = format!("waits for {}", parts.join("; and for "));
        (!all.is_empty()).then_some(Self { all, reminder, sentence })
    }
}

fn part(waiting: &orchestrate::Waiting, reminder: Option<Timestamp>, speaker: &Speaker<'_>) -> String {
    let mut part = format!("{}, heard of at {}", awaited(waiting, speaker), speaker.time(waiting.last_sign));
    if let Some(deadline) = waiting.deadline {
        part.push_str(&format!(", until {}", speaker.time(deadline)));
    }
    part.push_str(&format!(": {}", waiting.consequence));
    let reminds = matches!(waiting.awaited, Awaited::Approval | Awaited::Resume);
    if let Some(next) = reminder.filter(|_| reminds) {
        part.push_str(&format!(", next at {}", speaker.time(next)));
    }
    part
}

/// Who is to do what.
fn awaited(waiting: &orchestrate::Waiting, speaker: &Speaker<'_>) -> String {
    let task = waiting.task.as_deref().unwrap_or_default();
    let holders: Vec<String> = waiting.holders.iter().map(|holder| named(holder, speaker)).collect();
    let holders = holders.join(", ");
    match waiting.awaited {
        Awaited::ToolToStart => format!("somebody to start on '{task}'"),
        Awaited::ToolToFinish => format!("{holders} to answer '{task}'"),
        Awaited::Approval => format!("{holders} to decide on '{task}'"),
        Awaited::Slot if waiting.holders.is_empty() => "its turn".to_owned(),
        Awaited::Slot => format!("its turn after {holders}"),
        Awaited::Delay => format!("the time of '{task}'"),
        Awaited::Resume => format!("{holders} to resume it"),
    }
}

fn named(holder: &Holder, speaker: &Speaker<'_>) -> String {
    match holder {
        Holder::Tool(source) => format!("'{source}'"),
        Holder::Run(context) => (speaker.run)(context),
        Holder::Person => "a person".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn what_is_waited_for_is_said_in_the_words_of_the_scenario() {
        let beginning = Timestamp::UNIX_EPOCH;
        let at = |minutes| beginning + SignedDuration::from_mins(minutes);
        let speaker = Speaker { beginning, name: &str::to_owned, run: &|context| format!("run of {context}") };
        let tools = ["helm", "argo"].map(|tool| Holder::Tool(tool.to_owned())).to_vec();
        let waits = |awaited, task: Option<&str>, holders, deadline| orchestrate::Waiting {
            awaited,
            task: task.map(str::to_owned),
            attempt: None,
            progress: None,
            holders,
            last_sign: at(5),
            deadline,
            consequence: "so it goes".to_owned(),
        };
        for (awaited, task, holders, deadline, sentence) in [
            (
                Awaited::ToolToStart,
                Some("t"),
                vec![],
                Some(at(9)),
                "somebody to start on 't', heard of at 5m, until 9m: …",
            ),
            (Awaited::ToolToFinish, Some("t"), tools, None, "'helm', 'argo' to answer 't', heard of at 5m: …"),
            (
                Awaited::Approval,
                Some("t"),
                vec![Holder::Person],
                None,
                "a person to decide on 't', heard of at 5m: …, next at 1h",
            ),
            (
                Awaited::Slot,
                None,
                vec![Holder::Run("c".to_owned())],
                None,
                "its turn after run of c, heard of at 5m: …",
            ),
            (Awaited::Slot, None, vec![], None, "its turn, heard of at 5m: …"),
            (Awaited::Delay, Some("t"), vec![], Some(at(9)), "the time of 't', heard of at 5m, until 9m: …"),
            (Awaited::Resume, None, vec![Holder::Person], None, "a person to resume it, heard of at 5m: …, next at 1h"),
        ] {
            let said = part(&waits(awaited, task, holders, deadline), Some(at(60)), &speaker);
            assert_eq!(said, sentence.replace('…', "so it goes"));
        }
        let delay = || waits(Awaited::Delay, Some("t"), vec![], Some(at(9)));
        let both = Waiting::of(vec![delay(), delay()], None, &speaker).unwrap();
        assert!(both.sentence.starts_with("waits for the time of 't'") && both.sentence.contains("; and for the time"));
        assert_eq!(Waiting::of(Vec::new(), None, &speaker), None);
    }
}
