//! Whether what was acknowledged before a kill is there after it, each thing once.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::super::connection::{Connection, Target};
use crate::failure::Failure;

/// An answer to a task that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// Id of the `.finished` event.
    pub(super) id: String,
    pub(super) context: String,
    pub(super) project: String,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    r#type: String,
}

async fn events(connection: &mut Connection, project: &str, context: &str) -> Result<Vec<Event>, Failure> {
    let path = format!("/api/mongodb-datastore/event?project={project}&keptnContext={context}&pageSize=100");
    Ok(connection.get::<Page>(&path).await?.events)
}

/// How many of these are not there exactly once, and what is wrong with one of them.
pub(super) async fn find_lost(
    target: &Arc<Target>,
    sent: &[(String, &'static str)],
    answers: &[Acknowledged],
) -> Result<(usize, Option<String>), Failure> {
    let mut connection = Connection::open(target).await?;
    let (mut lost, mut wrong) = (0, None);
    for (context, project) in sent {
        let count = events(&mut connection, project, context).await?.len();
        if count != 1 {
            lost += 1;
            wrong = Some(format!("the event of '{context}' is there {count} times"));
        }
    }
    for Acknowledged { id, context, project } in answers {
        let events = events(&mut connection, project, context).await?;
        let count = events.iter().filter(|event| event.id == *id).count();
        if count != 1 {
            lost += 1;
            wrong = Some(format!("the answer '{id}' of run '{context}' is there {count} times"));
        }
    }
    Ok((lost, wrong))
}

/// What was triggered more than once in the runs that were answered.
pub(super) async fn find_twice(target: &Arc<Target>, answers: &[Acknowledged]) -> Result<Vec<String>, Failure> {
    let mut connection = Connection::open(target).await?;
    let mut twice = Vec::new();
    let runs: HashMap<&str, &str> =
        answers.iter().map(|answer| (answer.context.as_str(), answer.project.as_str())).collect();
    for (context, project) in runs {
        let events = events(&mut connection, project, context).await?;
        twice.extend(repeated(&events).into_iter().map(|kind| format!("run '{context}' has '{kind}' too often")));
    }
    Ok(twice)
}

/// Types of `.triggered` events that there are more of than stages that can have triggered them.
fn repeated(events: &[Event]) -> Vec<&str> {
    let ended = |event: &&Event| event.r#type.ends_with(".delivery.finished");
    let sequences = 1 + events.iter().filter(ended).count();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for event in events.iter().filter(|event| event.r#type.ends_with(".triggered")) {
        *counts.entry(&event.r#type).or_default() += 1;
    }
    // Sequences have their stage in the type; tasks have one for each stage that was reached.
    let most = |kind: &str| if kind.ends_with(".delivery.triggered") { 1 } else { sequences };
    counts.into_iter().filter(|(kind, count)| *count > most(kind)).map(|(kind, _)| kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(kinds: &[&str]) -> Vec<Event> {
        let event = |kind: &&str| Event { id: String::new(), r#type: format!("sh.keptn.event.{kind}") };
        kinds.iter().map(event).collect()
    }

    #[test]
    fn a_task_is_triggered_once_in_each_stage() {
        let begun = ["dev.delivery.triggered", "test.triggered"];
        assert!(repeated(&events(&begun)).is_empty());
        assert_eq!(repeated(&events(&["test.triggered", "test.triggered"])), ["sh.keptn.event.test.triggered"]);
        let twice = ["dev.delivery.triggered", "dev.delivery.triggered"];
        assert_eq!(repeated(&events(&twice)), ["sh.keptn.event.dev.delivery.triggered"]);
        let next = [&begun[..], &["dev.delivery.finished", "staging.delivery.triggered", "test.triggered"]].concat();
        assert!(repeated(&events(&next)).is_empty());
    }
}
