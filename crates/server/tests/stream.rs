//! What happens is told as it happens: to everybody what they asked for, once, in order.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use capstan_runtime::ports::Store as _;
use serde_json::json;
use support::{Seen, TestServer};

/// Triggers a delivery of a service.
fn trigger(server: &TestServer, project: &str, service: &str) -> String {
    server.send("dev.delivery.triggered", project, "dev", &json!({ "service": service }))
}

/// The positions of a run's history.
fn history(server: &TestServer, project: &str, context: &str) -> Vec<u64> {
    let run = server.get(&format!("/api/capstan/v1/projects/{project}/runs/{context}")).json();
    run["history"].as_array().unwrap().iter().map(|entry| entry["position"].as_u64().unwrap()).collect()
}

fn ids(seen: &[Seen]) -> Vec<u64> {
    seen.iter().map(|seen| seen.id).collect()
}

#[test]
fn a_stream_begins_with_what_happens_from_now_on_and_says_where() {
    let server = TestServer::start();
    server.with_project("p");
    let before = trigger(&server, "p", "a");
    let mut following = server.follow("", None);
    let context = trigger(&server, "p", "svc");
    server.answer("build", "p", "dev", &context, "pass");
    let told = history(&server, "p", &context);
    assert!(history(&server, "p", &before).iter().all(|position| *position < told[0]));
    let seen = following.take(told.len());
    assert_eq!(ids(&seen), told);
    for seen in &seen {
        let place = ["project", "context", "service", "stage", "sequence_name"].map(|key| &seen.data[key]);
        assert_eq!(place, ["p", &context, "svc", "dev", "delivery"], "{}", seen.data);
        assert!(seen.data["at"].is_string() && seen.data["sequence"].is_string(), "{}", seen.data);
    }
    let task = |fact: &str| {
        let seen = seen.iter().find(|seen| seen.data["fact"]["fact"] == fact).unwrap();
        seen.data["task"].as_str().map(str::to_owned)
    };
    assert_eq!(task("triggered"), None);
    for fact in ["task_offered", "task_started", "task_answered", "task_done"] {
        assert_eq!(task(fact).as_deref(), Some("build"), "{fact}");
    }
    // What is about the run as a whole, and what changes nothing.
    server.control("p", &context, "pause", "");
    server.send("build.finished", "p", "dev", &json!({ "shkeptncontext": context, "triggeredid": "nobody" }));
    let mut next = |fact: &str| {
        let mut following = std::iter::from_fn(|| following.next());
        following.find(|seen| seen.data["fact"]["fact"] == fact).unwrap().data
    };
    let controlled = next("controlled");
    assert_eq!((controlled.get("sequence"), &controlled["service"]), (None, &"svc".into()));
    let ignored = next("ignored");
    let sentence = ignored["sentence"].as_str().unwrap();
    assert!(sentence.ends_with("no task was triggered by 'nobody'"), "{sentence}");
}

#[test]
fn filters_leave_out_what_is_of_others() {
    let server = TestServer::start();
    server.with_project("p");
    server.with_project("q");
    let contexts = [trigger(&server, "p", "a"), trigger(&server, "p", "b"), trigger(&server, "q", "a")];
    let [first, second, third] = contexts.each_ref().map(String::as_str);
    let of = |runs: &[&str]| {
        let all = [("p", first), ("p", second), ("q", third)].into_iter().filter(|(_, run)| runs.contains(run));
        all.flat_map(|(project, run)| history(&server, project, run)).collect::<Vec<u64>>()
    };
    for (query, runs) in [
        ("after=0", &[first, second, third][..]),
        ("after=0&project=p", &[first, second]),
        ("after=0&service=a", &[first, third]),
        ("after=0&project=p&service=a", &[first]),
        ("after=0&project=q&run=ours", &[]),
    ] {
        let mut following = server.follow(&format!("?{query}"), None);
        let expected = of(runs);
        assert_eq!(ids(&following.take(expected.len())), expected, "{query}");
        // Nothing else comes before the end.
        server.stop.send_replace(true);
        assert!(following.next().is_none(), "{query}");
        server.stop.send_replace(false);
    }
    let mut following = server.follow(&format!("?after=0&run={second}"), None);
    let told = history(&server, "p", second);
    assert_eq!(ids(&following.take(told.len())), told);
    let refused = server.try_follow("?project=nobody", None).err().unwrap();
    assert_eq!((refused.status, refused.message().as_str()), (404, "there is no project 'nobody'"));
}

#[test]
fn whoever_connects_again_misses_nothing_and_sees_nothing_twice() {
    const RUNS: usize = 40;
    let server = TestServer::start();
    server.with_project("p");
    let before = history(&server, "p", &trigger(&server, "p", "before"));
    let (go, turns) = std::sync::mpsc::channel();
    let (seen, contexts) = std::thread::scope(|scope| {
        let server = &server;
        let writer = scope.spawn(move || {
            let mut contexts = Vec::new();
            while contexts.len() < RUNS {
                turns.recv().unwrap();
                contexts.push(trigger(server, "p", &format!("svc{}", contexts.len())));
            }
            // The last that happens.
            server.control("p", &contexts[0], "abort", "");
            contexts
        });
        // It ends with this block, also where that fails, and the writer with it.
        let go = go;
        let (mut seen, mut is_over): (Vec<u64>, bool) = (Vec::new(), false);
        for connection in 1.. {
            // The rest of a run's facts are there when it connects; the header comes before the parameter.
            let cursor = seen.last().or(before.last()).unwrap().to_string();
            let mut following = server.follow("?after=999999", Some(&cursor));
            for _ in 0..connection % 7 {
                // All that is written was seen: what comes now comes while it follows, one run at a time.
                if seen.len() % before.len() == 0 {
                    let _ = go.send(());
                }
                let next = following.next().unwrap();
                seen.push(next.id);
                is_over = next.data["fact"]["fact"] == "ended";
                if is_over {
                    break;
                }
            }
            if is_over {
                break;
            }
        }
        (seen, writer.join().unwrap())
    });
    let mut all: Vec<u64> = contexts.iter().flat_map(|context| history(&server, "p", context)).collect();
    all.sort_unstable();
    all.truncate(seen.len());
    assert_eq!(seen, all);
    assert!(seen.len() > RUNS * before.len());
}

/// The facts of a server, those below a position removed.
fn without_facts_below(server: TestServer, position: u64) -> TestServer {
    let mut store = server.disk.kill(usize::MAX);
    drop(server);
    let mut tx = store.begin().unwrap();
    tx.remove_facts(position).unwrap();
    tx.commit().unwrap();
    TestServer::over(store)
}

#[test]
fn a_cursor_behind_which_facts_are_gone_is_refused_with_the_oldest() {
    let server = TestServer::start();
    server.with_project("p");
    let positions = history(&server, "p", &trigger(&server, "p", "svc"));
    let (oldest, newest) = (positions[2], *positions.last().unwrap());
    let gone = |server: &TestServer, cursor: u64| {
        let answer = server.try_follow(&format!("?after={cursor}"), None).err().unwrap();
        assert_eq!(answer.status, 410);
        let body = answer.json();
        (body["oldest"].as_u64().unwrap(), body["message"].as_str().unwrap().to_owned())
    };
    let server = without_facts_below(server, oldest);
    let (told, message) = gone(&server, oldest - 2);
    assert_eq!(told, oldest);
    let words =
        "the facts behind the cursor 1 were removed up to 2; read anew what there is, then follow without a cursor";
    assert_eq!(message, words);
    let mut following = server.follow(&format!("?after={}", oldest - 1), None);
    assert_eq!(following.next().unwrap().id, oldest);
    drop(following);

    let (told, message) = gone(&server, newest + 1);
    assert_eq!(told, oldest);
    assert!(message.contains("is ahead of the newest fact"), "{message}");
    assert!(server.try_follow(&format!("?after={newest}"), None).is_ok());
    gone(&server, u64::MAX);

    // Where all are gone, the next one is the oldest that there will be.
    let server = without_facts_below(server, u64::MAX);
    assert_eq!(gone(&server, newest - 1).0, newest + 1);
    let mut following = server.follow(&format!("?after={newest}"), None);
    trigger(&server, "p", "svc");
    assert_eq!(following.next().unwrap().id, newest + 1);
}

#[test]
fn a_cursor_that_is_no_position_is_refused() {
    let server = TestServer::start();
    for (query, header, message) in [
        ("?after=x", None, "'after' is no position: 'x'; it is the id of the event of this stream that was seen last"),
        (
            "?after=-1",
            None,
            "'after' is no position: '-1'; it is the id of the event of this stream that was seen last",
        ),
        (
            "?after=0",
            Some("1.5"),
            "the header 'Last-Event-ID' is no position: '1.5'; it is the id of the event of this stream that was seen last",
        ),
    ] {
        let answer = server.try_follow(query, header).err().unwrap();
        assert_eq!((answer.status, answer.message().as_str()), (400, message));
    }
    // As a browser sends it that has seen nothing yet.
    assert!(server.try_follow("?after=0", Some("")).is_ok());
}

#[test]
fn a_stream_ends_when_the_server_stops() {
    let server = TestServer::start();
    server.with_project("p");
    let mut idle = server.follow("", None);
    trigger(&server, "p", "svc");
    let mut behind = server.follow("?after=0", None);
    behind.next().unwrap();
    idle.take(2);
    server.stop.send_replace(true);
    while behind.next().is_some() {}
    while idle.next().is_some() {}
    // A late one ends at once.
    let late = server.request("GET", "/api/capstan/v1/stream?after=0", None, Some(support::TOKEN), &[]);
    assert_eq!((late.status, late.text().as_str()), (200, ""));
}
