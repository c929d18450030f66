//! Who may enter where others are, and who gives way.

use std::sync::Arc;

use capstan_engine::orchestrate::{Admission, Limits, Place, Queue, admit, trigger_again};
use serde_json::json;

use super::driver::{Driver, birth, written};

fn place(sequence: &str, context: &str, ordinal: u64) -> Place {
    Place { sequence: sequence.to_owned(), context: context.to_owned(), ordinal }
}

/// One that holds, one that waits, one that stands aside, and one of the run itself.
fn queue() -> Queue {
    let mut queue = Queue::default();
    queue.want(place("aside", "c", 1));
    queue.step_aside("aside");
    queue.want(place("holder", "a", 2));
    queue.want(place("waiter", "b", 3));
    queue.want(place("own", "run", 4));
    queue
}

fn admitted(policy: &str, queue: &Queue) -> Result<Vec<String>, String> {
    let birth = birth(written(&format!("concurrency: {policy}, tasks: [{{name: build}}]")), json!({}));
    let driver = Driver::new(birth.clone());
    let event = trigger_again(&driver.sequence, 0, driver.at);
    match admit(&birth, &event, queue, driver.at) {
        Admission::Enters(superseded) => Ok(superseded.into_iter().map(|place| place.sequence).collect()),
        Admission::Refused(refusal) => {
            assert_eq!(refusal.finished.data["result"], "fail");
            assert_eq!(refusal.finished.triggered_id.as_deref(), Some(&*event.id));
            Err(refusal.message)
        }
    }
}

#[test]
fn each_policy_has_its_way_with_others() {
    let none: Vec<String> = Vec::new();
    assert_eq!(admitted("{policy: queue}", &queue()), Ok(none.clone()));
    assert_eq!(
        admitted("{policy: supersede}", &queue()),
        Ok(["holder", "waiter", "aside"].map(str::to_owned).to_vec())
    );
    let why = admitted("{policy: reject}", &queue()).unwrap_err();
    assert_eq!(
        why,
        "Unable to start sequence delivery: rejected, since run 'a' has service 'svc' in stage 'dev' and the sequence's \
         policy is 'reject'"
    );
    let mut own = Queue::default();
    own.want(place("own", "run", 4));
    for policy in ["queue", "supersede", "reject"] {
        assert_eq!(admitted(&format!("{{policy: {policy}}}"), &own), Ok(none.clone()), "{policy}: its own run");
    }
}

#[test]
fn one_that_stands_aside_is_in_the_way_too() {
    let mut aside = Queue::default();
    aside.want(place("aside", "c", 1));
    aside.step_aside("aside");
    assert!(admitted("{policy: reject}", &aside).unwrap_err().contains("since run 'c' has"));
    aside.free("aside");
    assert_eq!(admitted("{policy: reject}", &aside), Ok(Vec::new()));
}

#[test]
fn a_key_takes_the_place_of_stage_and_service() {
    let mut keyed = birth(written("concurrency: {key: 'db-{service}'}, tasks: [{name: build}]"), json!({}));
    let plain = keyed.queue();
    keyed.key = Some("db-svc".to_owned());
    assert_ne!(keyed.queue(), plain);
    let mut other = keyed.clone();
    Arc::make_mut(&mut other.scope).stage = "prod".to_owned();
    assert_eq!(other.queue(), keyed.queue());
}

#[test]
fn a_superseded_one_says_by_what() {
    let mut driver = Driver::of("build");
    driver.check(
        "t starts => started by t\n superseded by run-2 => aborted pass/aborted; frees\n superseded by run-3 =>",
    );
    assert_eq!(driver.said_at_the_end(), "superseded by run 'run-2'");
    let limits = Limits::default();
    let mut waits = Driver::under(birth(written("tasks: [{name: build}]"), json!({})), limits, false);
    waits.check("superseded by run-2 => aborted pass/aborted; frees");
}
