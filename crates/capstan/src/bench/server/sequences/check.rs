//! Whether runs have left behind what they should have: figures of a server that loses something are none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use capstan_model::event::event_type::EventType;
use futures_util::future::try_join_all;
use hyper::Method;
use hyper::body::Bytes;
use serde::Deserialize;

use super::super::connection::{Connection, Target, read};
use super::super::ingest::told;
use super::super::population::{EVENTS_PER_RUN, projects};
use super::measure::Finished;
use crate::failure::Failure;

/// How many connections read at once.
const READERS: usize = 4;

/// How long a server that works things off later than it acknowledges them may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads all events of all runs, and looks for runs that are open.
pub(super) async fn check(target: &Arc<Target>, runs: &[Finished]) -> Result<(), String> {
    let per_reader = runs.len().div_ceil(READERS).max(1);
    try_join_all(runs.chunks(per_reader).map(|runs| read_back(target, runs))).await?;
    none_open(target).await.map_err(told)?
}

async fn read_back(target: &Arc<Target>, runs: &[Finished]) -> Result<(), String> {
    let mut connection = Connection::open(target).await.map_err(told)?;
    for Finished { context, project } in runs {
        let path = format!("/api/mongodb-datastore/event?project={project}&keptnContext={context}&pageSize=100");
        let begun = Instant::now();
        loop {
            let body = events(&mut connection, &path).await.map_err(told)?;
            let page: Page<'_> = serde_json::from_slice(&body).map_err(|error| format!("'{path}': {error}"))?;
            match whole(&page.events) {
                Ok(()) => break,
                Err(why) if begun.elapsed() > PATIENCE || page.events.len() >= EVENTS_PER_RUN => {
                    return Err(format!("run '{context}' of project '{project}': {why}"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
    Ok(())
}

async fn events(connection: &mut Connection, path: &str) -> Result<Bytes, Failure> {
    connection.send(Method::GET, path, Bytes::new()).await?.good(path)
}

#[derive(Deserialize)]
struct Page<'a> {
    /// The newest first.
    #[serde(borrow)]
    events: Vec<Seen<'a>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Seen<'a> {
    id: &'a str,
    r#type: &'a str,
    #[serde(default)]
    triggeredid: Option<&'a str>,
}

/// Whether the events of a run, the newest first, are all of it: each once, and each in its place.
fn whole(events: &[Seen<'_>]) -> Result<(), String> {
    if events.len() != EVENTS_PER_RUN {
        return Err(format!("it has {} events and should have {EVENTS_PER_RUN}", events.len()));
    }
    let (mut places, mut sequences) = (HashMap::new(), HashSet::new());
    for (place, event) in events.iter().rev().enumerate() {
        let (of, phase) = match event.r#type.rsplit_once('.') {
            Some((_, phase @ ("started" | "finished"))) => (event.triggeredid.unwrap_or_default(), phase),
            Some((_, "triggered")) => {
                if let EventType::Sequence { .. } = EventType::parse(event.r#type) {
                    sequences.insert(event.id);
                }
                (event.id, "triggered")
            }
            _ => return Err(format!("an event of type '{}' does not belong to it", event.r#type)),
        };
        if places.insert((of, phase), place).is_some() {
            return Err(format!("'{}' is there twice for '{of}'", event.r#type));
        }
    }
    for (&(id, phase), &place) in &places {
        let next = match phase {
            // Nobody says of a sequence that it has started.
            "triggered" if !places.contains_key(&(id, "started")) && sequences.contains(id) => "finished",
            "triggered" => "started",
            "started" => "finished",
            _ => continue,
        };
        if places.get(&(id, next)).is_none_or(|after| *after < place) {
            return Err(format!("'{id}' is {phase} and not {next} after that"));
        }
    }
    Ok(())
}

async fn none_open(target: &Arc<Target>) -> Result<Result<(), String>, Failure> {
    #[derive(Deserialize)]
    struct Page {
        states: Vec<State>,
    }
    #[derive(Deserialize)]
    struct State {
        shkeptncontext: String,
    }
    let mut connection = Connection::open(target).await?;
    for project in projects() {
        for state in ["triggered", "started", "waiting", "paused"] {
            let path = format!("/api/controlPlane/v1/sequence/{project}?state={state}&pageSize=1");
            let body = events(&mut connection, &path).await?;
            if let Some(open) = read::<Page>(&path, &body)?.states.first() {
                return Ok(Err(format!("run '{}' of project '{project}' is still {state}", open.shkeptncontext)));
            }
        }
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of three sequences with four tasks each, the newest event first.
    fn run() -> Vec<Seen<'static>> {
        const IDS: [[&str; 5]; 3] = [["A", "a", "b", "c", "d"], ["E", "e", "f", "g", "h"], ["I", "i", "j", "k", "l"]];
        let answer = |kind, id| Seen { id: "other", r#type: kind, triggeredid: Some(id) };
        let triggered = |kind, id| Seen { id, r#type: kind, triggeredid: None };
        let mut events = Vec::new();
        for [sequence, tasks @ ..] in IDS {
            events.push(triggered("sh.keptn.event.dev.delivery.triggered", sequence));
            for task in tasks {
                events.push(triggered("sh.keptn.event.test.triggered", task));
                events.push(answer("sh.keptn.event.test.started", task));
                events.push(answer("sh.keptn.event.test.finished", task));
            }
            events.push(answer("sh.keptn.event.dev.delivery.finished", sequence));
        }
        events.reverse();
        events
    }

    #[test]
    fn a_run_is_whole_or_it_says_what_is_wrong() {
        assert_eq!(whole(&run()), Ok(()));
        let why = |change: fn(&mut Vec<Seen<'static>>)| {
            let mut events = run();
            change(&mut events);
            whole(&events).unwrap_err()
        };
        assert!(why(|events| events.truncate(41)).contains("it has 41 events"));
        assert!(why(|events| events[1] = events[4]).contains("twice for 'k'"));
        assert!(why(|events| events.swap(1, 2)).contains("'l' is started and not finished"));
        assert!(why(|events| events.swap(2, 3)).contains("'l' is triggered and not started"));
        assert!(why(|events| events.swap(0, 13)).contains("'I' is triggered and not finished"));
        assert!(why(|events| events[2].r#type = "log").contains("does not belong"));
    }
}
