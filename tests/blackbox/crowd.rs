//! A crowd of tools on one task type, those that claim and those that poll, while the server is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::prometheus_server::eventually;
use crate::server::Server;

const CLAIMERS: usize = 100;
const POLLERS: usize = 100;
const RUNS: usize = 24;
const KILLS: usize = 6;
/// After how many answers that were acknowledged the server is killed again.
const STEP: usize = 60;
/// How many claims are left to run out; one less than a task may lose.
const ABANDONED: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata:
  name: p
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: work
            - name: work
";

/// What the tools share, and what they were told.
struct Crowd {
    http: reqwest::Client,
    url: String,
    token: String,
    over: AtomicBool,
    abandoned: AtomicUsize,
    /// `source` and `triggeredid` of each answer of a poller that was acknowledged.
    polled: Mutex<BTreeSet<(String, String)>>,
    /// Ids of the answers by lease that were acknowledged as counting.
    claimed: Mutex<BTreeSet<String>>,
    /// Who was granted each lease.
    granted: Mutex<BTreeMap<String, usize>>,
}

impl Crowd {
    /// Sends until the server has answered, with whatever but 'busy'; the key makes a repeat harmless.
    async fn insist(&self, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "'{path}' with '{key}' was never answered");
            let request = self.http.post(format!("{}{path}", self.url)).header("x-token", &self.token);
            if let Ok(response) = request.header("idempotency-key", key).json(body).send().await {
                let status = response.status().as_u16();
                if let (true, Ok(body)) = (status != 503, response.json().await) {
                    return (status, body);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Claims, says once that it is at work, and answers; all claimers have one name.
    async fn claim(self: Arc<Self>, number: usize) {
        for count in 0.. {
            if self.is_over() {
                return;
            }
            let body = json!({ "tool": "crowd", "tasks": ["work"], "lease_seconds": 3, "wait_seconds": 1 });
            let (status, answer) =
                self.insist("/api/capstan/v1/claims", &format!("claim-{number}-{count}"), &body).await;
            assert_eq!(status, 200, "{answer}");
            for claim in answer["claims"].as_array().unwrap() {
                let lease = claim["lease"].as_str().unwrap();
                let before = self.granted.lock().unwrap().insert(lease.to_owned(), number);
                assert_eq!(before, None, "the lease {lease} was granted twice");
                if self.abandoned.fetch_add(1, Ordering::Relaxed) < ABANDONED {
                    continue;
                }
                let path = |word: &str| format!("/api/capstan/v1/claims/{lease}/{word}");
                let (status, answer) = self.insist(&path("heartbeat"), "any", &json!({ "progress": "half" })).await;
                assert!([200, 409].contains(&status), "{answer}");
                let (status, answer) = self.insist(&path("answer"), "any", &json!({ "result": "pass" })).await;
                match status {
                    200 => drop(self.claimed.lock().unwrap().insert(answer["id"].as_str().unwrap().to_owned())),
                    _ => assert_eq!(status, 409, "{answer}"),
                }
            }
        }
    }

    /// Asks for open tasks and answers each once, as v1's integrations do; each poller has a name of its own.
    async fn poll(self: Arc<Self>, number: usize) {
        let source = format!("poller-{number}");
        let path = "/api/controlPlane/v1/event/triggered/sh.keptn.event.work.triggered?project=p&pageSize=100";
        let mut seen = BTreeSet::new();
        while !self.is_over() {
            let request = self.http.get(format!("{}{path}", self.url)).header("x-token", &self.token);
            if let Ok(response) = request.send().await
                && let Ok(open) = response.json::<Value>().await
            {
                for triggered in open["events"].as_array().into_iter().flatten() {
                    let id = triggered["id"].as_str().unwrap();
                    if seen.insert(id.to_owned()) {
                        self.respond(&source, triggered).await;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn respond(&self, source: &str, triggered: &Value) {
        let id = triggered["id"].as_str().unwrap();
        for phase in ["started", "finished"] {
            let data = &triggered["data"];
            let event = json!({
                "specversion": "1.0", "source": source, "type": format!("sh.keptn.event.work.{phase}"),
                "shkeptncontext": triggered["shkeptncontext"], "triggeredid": id,
                "data": {
                    "project": "p", "stage": data["stage"], "service": data["service"],
                    "status": "succeeded", "result": "pass",
                },
            });
            let (status, answer) = self.insist("/api/v1/event", &format!("{source}-{id}-{phase}"), &event).await;
            assert_eq!(status, 200, "{answer}");
        }
        self.polled.lock().unwrap().insert((source.to_owned(), id.to_owned()));
    }

    /// Begins runs one after the other, each on a service of its own.
    async fn trigger(self: Arc<Self>) -> Vec<String> {
        let mut contexts = Vec::new();
        for n in 0..RUNS {
            let event = json!({
                "specversion": "1.0", "source": "ci", "type": "sh.keptn.event.dev.delivery.triggered",
                "data": { "project": "p", "stage": "dev", "service": format!("svc{n}") },
            });
            let (status, answer) = self.insist("/api/v1/event", &format!("trigger-{n}"), &event).await;
            assert_eq!(status, 200, "{answer}");
            contexts.push(answer["keptnContext"].as_str().unwrap().to_owned());
        }
        contexts
    }

    fn acknowledged(&self) -> usize {
        self.polled.lock().unwrap().len() + self.claimed.lock().unwrap().len()
    }
}

#[test]
fn a_crowd_of_tools_loses_nothing_to_kill_9_and_does_nothing_twice() {
    let server = Server::start();
    server.post("/api/capstan/v1/projects", &json!({ "name": "p", "shipyard": SHIPYARD })).expect(201);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let crowd = Arc::new(Crowd {
        http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap(),
        url: server.url(),
        token: server.token().to_owned(),
        over: AtomicBool::new(false),
        abandoned: AtomicUsize::new(0),
        polled: Mutex::default(),
        claimed: Mutex::default(),
        granted: Mutex::default(),
    });
    let mut tools: Vec<_> = (0..CLAIMERS).map(|n| runtime.spawn(crowd.clone().claim(n))).collect();
    tools.extend((0..POLLERS).map(|n| runtime.spawn(crowd.clone().poll(n))));
    let triggered = runtime.spawn(crowd.clone().trigger());
    for n in 1..=KILLS {
        // Whatever is under way then, it is in full swing.
        eventually("more answers", || (crowd.acknowledged() >= n * STEP).then_some(()));
        server.restart();
    }
    let contexts = runtime.block_on(triggered).unwrap();
    let begun = Instant::now();
    let whole = |context: &String| server.get(&format!("/api/capstan/v1/projects/p/runs/{context}")).expect(200).json();
    let runs: Vec<Value> = contexts
        .iter()
        .map(|context| {
            loop {
                let run = whole(context);
                if run["run"]["result"].is_string() {
                    break run;
                }
                assert!(begun.elapsed() < PATIENCE, "the runs do not end: {run:#}");
                std::thread::sleep(Duration::from_millis(20));
            }
        })
        .collect();
    crowd.over.store(true, Ordering::Relaxed);
    for tool in tools {
        runtime.block_on(tool).unwrap();
    }
    // What came late is in it too.
    let mut check = Check::default();
    for context in &contexts {
        check.run(&whole(context), &server.events_of(context));
    }
    check.answers(&crowd);
    assert_eq!(runs.len(), RUNS);
    println!("{} answers counted, {} ignored, {} leases", check.counted.len(), check.ignored.len(), check.leases);
}

/// What holds over all runs.
#[derive(Default)]
struct Check {
    /// Ids of answers that changed a task.
    counted: BTreeSet<String>,
    /// Ids of answers that did not.
    ignored: BTreeSet<String>,
    /// Id of each answer of a tool to an offer.
    answers: BTreeMap<(String, String), String>,
    leases: usize,
}

impl Check {
    fn run(&mut self, whole: &Value, events: &[Value]) {
        assert_eq!(whole["run"]["result"], "pass", "{whole:#}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // Live claims by task and tool, and the id under which each task is offered.
        let (mut live, mut offered) = (BTreeMap::<(u64, String), String>::new(), BTreeMap::<u64, String>::new());
        let (mut offers, mut by_source) = (BTreeSet::new(), BTreeSet::new());
        for entry in whole["history"].as_array().unwrap() {
            let fact = &entry["fact"];
            let task = fact["task"].as_u64().unwrap_or_default();
            match fact["fact"].as_str().unwrap() {
                "task_offered" => {
                    assert!(offers.insert(text(&fact["triggered_id"])), "offered twice: {fact}");
                    offered.insert(task, text(&fact["triggered_id"]));
                }
                "task_started" if fact["lease"].is_object() => {
                    self.leases += 1;
                    let lease = text(&fact["lease"]["id"]);
                    let other = live.insert((task, text(&fact["lease"]["tool"])), lease.clone());
                    assert_eq!(other, None, "{lease} was granted while another one lived");
                }
                "lease_released" => live.retain(|_, lease| *lease != text(&fact["lease"])),
                "task_answered" => {
                    let source = text(&fact["event"]["source"]);
                    live.remove(&(task, source.clone()));
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
        assert_eq!(of_type("dev.delivery.triggered").count(), 1);
        assert_eq!(of_type("dev.delivery.finished").count(), 1);
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
    fn answers(&self, crowd: &Crowd) {
        for answer in crowd.polled.lock().unwrap().iter() {
            assert!(self.answers.contains_key(answer), "{answer:?} was acknowledged and is gone");
        }
        for id in crowd.claimed.lock().unwrap().iter() {
            assert!(self.counted.contains(id), "{id} was acknowledged as counting and does not");
        }
        assert!(self.leases >= RUNS, "hardly anything was claimed");
    }
}
