//! The server is killed with -9 at random moments, with all kinds of requests in flight, and begun again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::crowd::{Crowd, SHIPYARD};
use crate::ledger::Ledger;
use crate::server::Server;

/// How often the server is killed where `CAPSTAN_KILLS` does not say it.
const KILLS: u64 = 50;
const CLAIMERS: usize = 16;
const POLLERS: usize = 4;
const SERVICES: usize = 6;
const SENDERS: usize = 3;
/// How many notes have a context in common.
const BLOCK: usize = 200;
const PATH: &str = "/api/controlPlane/v1/project";
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn what_is_killed_at_any_moment_loses_nothing_and_does_nothing_twice() {
    let kills = std::env::var("CAPSTAN_KILLS").ok().map_or(KILLS, |kills| kills.parse().unwrap());
    let server = Server::start();
    server.post("/api/capstan/v1/projects", &json!({ "name": "p", "shipyard": SHIPYARD })).expect(201);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let crowd = Arc::new(Crowd::of(&server));
    let mut tools: Vec<_> = (0..CLAIMERS).map(|n| runtime.spawn(crowd.clone().claim(n))).collect();
    tools.extend((0..POLLERS).map(|n| runtime.spawn(crowd.clone().poll(n))));
    let triggers: Vec<_> = (0..SERVICES).map(|n| runtime.spawn(crowd.clone().trigger(n))).collect();
    let (over, notes, begun) = (AtomicBool::new(false), Notes::default(), Instant::now());
    let projects = std::thread::scope(|scope| {
        let _over = Over(&over);
        for sender in 0..SENDERS {
            let (server, notes, over) = (&server, &notes, &over);
            scope.spawn(move || notes.send(server, sender, over));
        }
        let projects = scope.spawn(|| configure(&server, &over));
        for n in 0..kills {
            // From hardly up to in full swing; every fifth time before it is up.
            std::thread::sleep(Duration::from_millis(fastrand::u64(..300)));
            match n % 5 {
                4 => server.false_start(Duration::from_millis(fastrand::u64(..60))),
                _ => server.restart(),
            }
            assert!(!server.log().contains("panicked"), "{}", server.log());
        }
        over.store(true, Ordering::Relaxed);
        projects.join().unwrap()
    });
    let killing = begun.elapsed();
    crowd.no_more_runs.store(true, Ordering::Relaxed);
    let contexts: Vec<String> = triggers.into_iter().flat_map(|task| runtime.block_on(task).unwrap()).collect();
    crowd.over.store(true, Ordering::Relaxed);
    for tool in tools {
        runtime.block_on(tool).unwrap();
    }
    // What came late is in it too.
    let mut ledger = Ledger::default();
    for context in &contexts {
        let whole = server.get(&format!("/api/capstan/v1/projects/p/runs/{context}")).expect(200).json();
        ledger.run(&whole, &server.events_of(context));
    }
    ledger.answers(&crowd);
    let all = server.get("/api/capstan/v1/projects/p/runs?limit=1").expect(200).json();
    assert_eq!(all["total"], contexts.len(), "runs that nobody triggered");
    assert!(ledger.leases >= contexts.len(), "hardly anything was claimed");
    let (taken, unknown) = notes.check(&server);
    projects.check(&server);
    println!(
        "{kills} kills in {killing:.0?}: {} runs, {} leases, {} answers that counted and {} that were ignored; {taken} notes \
         acknowledged and {unknown} not; {} projects made, {} changes to them",
        contexts.len(),
        ledger.leases,
        ledger.counted.len(),
        ledger.ignored.len(),
        projects.made,
        projects.changes,
    );
}

/// Ends what goes on beside a test, also one that fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Events that are sent once, and whether that was acknowledged.
#[derive(Default)]
struct Notes(Mutex<BTreeMap<(String, String), bool>>);

impl Notes {
    fn post(server: &Server, context: &str, id: &str) -> bool {
        let note = json!({
            "specversion": "1.0", "id": id, "source": "notes", "type": "sh.keptn.event.note.finished", "shkeptncontext": context,
            "data": { "project": "p", "stage": "dev", "service": "s" },
        });
        let answer = server.try_request("POST", "/api/capstan/v1/events", Some(&note), Some(server.token()));
        answer.is_ok_and(|answer| match answer.status {
            503 => false,
            _ => answer.expect(200).json()["id"] == id,
        })
    }

    fn send(&self, server: &Server, sender: usize, over: &AtomicBool) {
        for n in 0.. {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let context = format!("00000000-0000-4000-8000-{:012}", sender * 1_000_000 + n / BLOCK);
            let id = format!("{sender}-{n}");
            let acknowledged = Self::post(server, &context, &id);
            self.0.lock().unwrap().insert((context, id), acknowledged);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Those that were acknowledged are there once, the others once at most, and once when they are sent again. How many of
    /// both there were.
    fn check(&self, server: &Server) -> (usize, usize) {
        let sent = self.0.lock().unwrap();
        let contexts: BTreeSet<&String> = sent.keys().map(|(context, _)| context).collect();
        let count = || {
            let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
            for context in &contexts {
                for event in server.events_of(context) {
                    *counts.entry(((*context).clone(), event["id"].as_str().unwrap().to_owned())).or_default() += 1;
                }
            }
            counts
        };
        let before = count();
        for (note, acknowledged) in &*sent {
            let times = before.get(note).copied().unwrap_or(0);
            assert!(times == 1 || (times == 0 && !acknowledged), "{note:?} is there {times} times, {acknowledged}");
            if !acknowledged {
                assert!(Self::post(server, &note.0, &note.1), "{note:?}");
            }
        }
        let after = count();
        assert!(sent.keys().all(|note| after.get(note) == Some(&1)) && after.len() == sent.len());
        let acknowledged = sent.values().filter(|acknowledged| **acknowledged).count();
        (acknowledged, sent.len() - acknowledged)
    }
}

/// What was done to projects, in the end.
struct Configured {
    /// Name and the task of each that is there.
    there: BTreeMap<String, String>,
    made: usize,
    changes: usize,
}

/// Repeats a change until the server has answered it.
fn insist(server: &Server, method: &str, path: &str, body: Option<&Value>) -> u16 {
    let begun = Instant::now();
    loop {
        match server.try_request(method, path, body, Some(server.token())) {
            Ok(answer) if answer.status != 503 => return answer.status,
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
        assert!(begun.elapsed() < PATIENCE, "{method} {path} was never answered");
    }
}

/// Makes projects, gives each another shipyard and a service, and deletes every other one.
fn configure(server: &Server, over: &AtomicBool) -> Configured {
    let mut done = Configured { there: BTreeMap::new(), made: 0, changes: 0 };
    while !over.load(Ordering::Relaxed) {
        let name = format!("q{}", done.made);
        let body = |task: &str| json!({ "name": name, "shipyard": STANDARD.encode(SHIPYARD.replace("work", task)) });
        let status = insist(server, "POST", PATH, Some(&body("first")));
        // 409: it was made, and then the server was killed.
        assert!([201, 409].contains(&status), "{status}");
        assert_eq!(insist(server, "PUT", PATH, Some(&body("second"))), 201);
        let service = json!({ "serviceName": "cart" });
        let status = insist(server, "POST", &format!("{PATH}/{name}/service"), Some(&service));
        assert!([200, 409].contains(&status), "{status}");
        if done.made.is_multiple_of(2) {
            let status = insist(server, "DELETE", &format!("{PATH}/{name}"), None);
            assert!([200, 404].contains(&status), "{status}");
            done.changes += 1;
        } else {
            done.there.insert(name, "second".to_owned());
        }
        done.made += 1;
        done.changes += 3;
    }
    done
}

impl Configured {
    /// The store and git agree on it.
    fn check(&self, server: &Server) {
        let mut names = BTreeSet::from(["p".to_owned()]);
        for (name, task) in &self.there {
            names.insert(name.clone());
            server.assert_configured(name, task);
            let known = server.get(&format!("/api/capstan/v1/projects/{name}")).expect(200).json();
            assert_eq!(known["services"][0]["name"], "cart", "{name}");
        }
        let repositories = std::fs::read_dir(server.data().join("config")).unwrap();
        let repositories = repositories.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let repositories: BTreeSet<String> =
            repositories.map(|name| name.trim_end_matches(".git").to_owned()).collect();
        assert_eq!(repositories, names);
        let listed = server.get("/api/capstan/v1/projects?limit=500").expect(200).json();
        assert_eq!(listed["total"], names.len());
    }
}
