//! What a run says of itself, held against what those were told who took part in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::crowd::Crowd;

/// A sequence, and the index of the task in it.
type Task = (String, u64);

/// What holds over all runs.
#[derive(Default)]
pub struct Ledger {
    /// Ids of answers that changed a task.
    pub counted: BTreeSet<String>,
    /// Ids of answers that did not.
    pub ignored: BTreeSet<String>,
    /// Id of each answer of a tool to an offer.
    answers: BTreeMap<(String, String), String>,
    pub leases: usize,
}

impl Ledger {
    /// Takes in a run that has ended.
    pub fn run(&mut self, whole: &Value, events: &[Value]) {
        assert_eq!(whole["run"]["result"], "pass", "{whole:#}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // Live claims by task and tool, and the id under which each task is offered.
        let (mut live, mut offered) = (BTreeMap::<(Task, String), String>::new(), BTreeMap::<Task, String>::new());
        let (mut offers, mut by_source) = (BTreeSet::new(), BTreeSet::new());
        for entry in whole["history"].as_array().unwrap() {
            let fact = &entry["fact"];
            let task = (text(&entry["sequence"]), fact["task"].as_u64().unwrap_or_default());
            match fact["fact"].as_str().unwrap() {
                "task_offered" => {
                    assert!(offers.insert(text(&fact["triggered_id"])), "offered twice: {fact}");
                    offered.insert(task.clone(), text(&fact["triggered_id"]));
                }
                "task_started" if fact["lease"].is_object() => {
                    self.leases += 1;
                    let lease = text(&fact["lease"]["id"]);
                    let other = live.insert((task.clone(), text(&fact["lease"]["tool"])), lease.clone());
                    assert_eq!(other, None, "{lease} was granted while another one lived");
                }
                "lease_released" => live.retain(|_, lease| *lease != text(&fact["lease"])),
                "task_answered" => {
                    let source = text(&fact["event"]["source"]);
                    live.remove(&(task.clone(), source.clone()));
                    assert!(by_source.insert((source, offered[&task].clone())), "counted twice: {fact}");
                    assert!(self.counted.insert(text(&fact["event"]["id"])), "counted twice: {fact}");
                }
                "attempt_ended" | "task_done" | "task_ended" => live.retain(|(of, _), _| *of != task),
                "ignored" => drop(self.ignored.insert(text(&fact["event_id"]))),
                _ => {}
            }
        }
        assert!(live.is_empty(), "{live:?}");
        let of_type = |kind: &str| {
            let kind = format!("sh.keptn.event.{kind}");
            events.iter().filter(move |event| event["type"] == kind)
        };
        let triggered: Vec<String> = of_type("work.triggered").map(|event| text(&event["id"])).collect();
        assert_eq!(triggered.len(), offers.len(), "{triggered:?} {offers:?}");
        assert_eq!(triggered.into_iter().collect::<BTreeSet<_>>(), offers);
        for stage in ["dev", "prod"] {
            assert_eq!(of_type(&format!("{stage}.delivery.triggered")).count(), 1, "{stage}");
            assert_eq!(of_type(&format!("{stage}.delivery.finished")).count(), 1, "{stage}");
        }
        for event in of_type("work.finished") {
            let (id, of) = (text(&event["id"]), (text(&event["source"]), text(&event["triggeredid"])));
            let is = (self.counted.contains(&id), self.ignored.contains(&id));
            assert!(is.0 ^ is.1, "neither counted nor ignored, or both {is:?}: {event}");
            // Claimers share a name, and may answer when their lease is over.
            if of.0 != "crowd" {
                assert_eq!(self.answers.insert(of, id), None, "stored twice: {event}");
            }
        }
    }

    /// Each answer that was acknowledged is there.
    pub fn answers(&self, crowd: &Crowd) {
        for answer in crowd.polled.lock().unwrap().iter() {
            assert!(self.answers.contains_key(answer), "{answer:?} was acknowledged and is gone");
        }
        for id in crowd.claimed.lock().unwrap().iter() {
            assert!(self.counted.contains(id), "{id} was acknowledged as counting and does not");
        }
    }
}
