//! A crowd of tools on one task type, those that claim and those that poll, on a server that may be killed at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::Server;

/// How many claims are left to run out; one less than a task may lose.
const ABANDONED: usize = 2;
/// How long a request is repeated, and how long a run may take, whatever is killed meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// Two stages, the second of which follows the first.
pub const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
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
    - name: prod
      sequences:
        - name: delivery
          triggeredOn:
            - event: dev.delivery.finished
          tasks:
            - name: work
";

/// What the tools share, and what they were told.
pub struct Crowd {
    http: reqwest::Client,
    url: String,
    token: String,
    /// Whether those who begin runs are to begin no more.
    pub no_more_runs: AtomicBool,
    /// Whether the tools are to end.
    pub over: AtomicBool,
    abandoned: AtomicUsize,
    /// `source` and `triggeredid` of each answer of a poller that was acknowledged.
    pub polled: Mutex<BTreeSet<(String, String)>>,
    /// Ids of the answers by lease that were acknowledged as counting.
    pub claimed: Mutex<BTreeSet<String>>,
    /// Who was granted each lease.
    granted: Mutex<BTreeMap<String, usize>>,
}

impl Crowd {
    pub fn of(server: &Server) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap(),
            url: server.url(),
            token: server.token().to_owned(),
            no_more_runs: AtomicBool::new(false),
            over: AtomicBool::new(false),
            abandoned: AtomicUsize::new(0),
            polled: Mutex::default(),
            claimed: Mutex::default(),
            granted: Mutex::default(),
        }
    }

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
    pub async fn claim(self: Arc<Self>, number: usize) {
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
    pub async fn poll(self: Arc<Self>, number: usize) {
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

    /// Begins runs on a service of its own, each when the one before has ended, and at least one. Their contexts.
    pub async fn trigger(self: Arc<Self>, number: usize) -> Vec<String> {
        let mut contexts = Vec::new();
        while contexts.is_empty() || !self.no_more_runs.load(Ordering::Relaxed) {
            let event = json!({
                "specversion": "1.0", "source": "ci", "type": "sh.keptn.event.dev.delivery.triggered",
                "data": { "project": "p", "stage": "dev", "service": format!("svc{number}") },
            });
            let key = format!("trigger-{number}-{}", contexts.len());
            let (status, answer) = self.insist("/api/v1/event", &key, &event).await;
            assert_eq!(status, 200, "{answer}");
            let context = answer["keptnContext"].as_str().unwrap().to_owned();
            self.ended(&context).await;
            contexts.push(context);
        }
        contexts
    }

    async fn ended(&self, context: &str) {
        let path = format!("{}/api/capstan/v1/projects/p/runs/{context}", self.url);
        let mut begun = Instant::now();
        loop {
            // Each restart gives a claim that was left one full term: while the server is killed all the time, none runs out.
            if !self.no_more_runs.load(Ordering::Relaxed) {
                begun = Instant::now();
            }
            if let Ok(response) = self.http.get(&path).header("x-token", &self.token).send().await
                && let Ok(whole) = response.json::<Value>().await
            {
                if whole["run"]["result"].is_string() {
                    return;
                }
                assert!(begun.elapsed() < PATIENCE, "the run does not end: {:#}", whole["waiting"]);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
