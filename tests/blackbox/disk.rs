//! The server over a disk that fails: full, broken, torn, or only to be read.
//!
//! `tests/faults/disk.c` stands between the server and its disk; what it is to do is written to a file while the server runs.

#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::prometheus_server::eventually;
use crate::server::{Answer, Server};
use crate::support::{Ran, repository};

/// How long a server may take to find out that it cannot serve.
const PATIENCE: Duration = Duration::from_secs(20);

const CONTEXT: &str = "6f1b7a3e-5d0c-4a52-8d58-0a7a3c1d9e42";

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata:
  name: s
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: work
";

/// The shim, compiled once for all tests.
static SHIM: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (made, shim) = (folder.join(format!("disk-{}.so", std::process::id())), folder.join("disk.so"));
    let source = repository().join("tests/faults/disk.c");
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]);
    let ran = Ran::from(cc.arg(&made).arg(source).arg("-ldl").output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    // Tests that run beside this one may have the old file open.
    std::fs::rename(made, &shim).unwrap();
    shim
});

/// A folder, and what its disk is told to do.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn environment(&self) -> [(&'static str, String); 3] {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let root = self.folder.path().canonicalize().unwrap().join("capstan-data");
        [
            ("LD_PRELOAD", path(&SHIM)),
            ("FAULT_ROOT", path(&root)),
            ("FAULT_ORDER", path(&self.folder.path().join("order"))),
        ]
    }

    fn order(&self, order: &str) {
        // A half that is read is no order.
        std::fs::write(self.folder.path().join("order.new"), order).unwrap();
        std::fs::rename(self.folder.path().join("order.new"), self.folder.path().join("order")).unwrap();
    }

    fn server(&self) -> Server {
        let setup = Server::prepare().folder(self.folder.path()).env("CAPSTAN_TOKEN", "of-the-test");
        self.environment().iter().fold(setup, |setup, (name, value)| setup.env(name, value)).start()
    }

    /// A server that does not come up.
    fn refused(&self) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "off"]).current_dir(self.folder.path());
        command
            .env("CAPSTAN_TOKEN", "of-the-test")
            .envs(self.environment())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        // One that serves all the same is no use to anybody.
        let _ = child.kill();
        Ran::from(child.wait_with_output().unwrap()).expect(2)
    }
}

fn note(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "disk", "type": "sh.keptn.event.note.finished",
        "shkeptncontext": CONTEXT, "data": { "project": "p", "stage": "dev", "service": "s", "text": "x".repeat(2_000) },
    })
}

/// Sends a note by our own route or, every other time, by that of v1, where the sender names it in a header.
fn send(server: &Server, id: &str) -> Option<Answer> {
    let by_v1 = id.ends_with(['1', '3', '5', '7', '9']);
    let path = if by_v1 { "/api/v1/event" } else { "/api/capstan/v1/events" };
    server.try_request_with("POST", path, Some(&note(id)), &[("x-token", server.token()), ("idempotency-key", id)]).ok()
}

/// In words that a person can use, and in JSON.
fn assert_refused_well(answer: &Answer) {
    assert_eq!((answer.status, &*answer.content_type), (503, "application/json"), "{answer:?}");
    let (body, text) = (answer.json(), &answer.text);
    assert_eq!(body["code"], 503, "{text}");
    assert!(
        body["message"].as_str().unwrap().starts_with("the server cannot write to its store at the moment"),
        "{text}"
    );
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    assert!(!text.contains("capstan.db") && !text.contains("SQL"), "{text}");
}

/// Senders that repeat what was not acknowledged, until they are told to stop; ids that were.
struct Load {
    over: AtomicBool,
    /// The test has failed; what was not acknowledged never will be.
    given_up: AtomicBool,
    refused: AtomicUsize,
    acknowledged: Mutex<BTreeSet<String>>,
}

impl Load {
    fn new() -> Self {
        let (over, given_up) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { over, given_up, refused: AtomicUsize::new(0), acknowledged: Mutex::default() }
    }

    fn send(&self, server: &Server, sender: usize) {
        for n in 0.. {
            let id = format!("{sender}-{n}");
            loop {
                match send(server, &id) {
                    Some(answer) if answer.status == 200 => break,
                    Some(answer) => assert_refused_well(&answer),
                    None => {}
                }
                if self.given_up.load(Ordering::Relaxed) {
                    return;
                }
                self.refused.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
            self.acknowledged.lock().unwrap().insert(id);
            if self.over.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Sends for as long as a test goes on, and not beyond its failure.
    fn beside(&self, server: &Server, test: impl FnOnce()) {
        struct GiveUp<'a>(&'a Load);
        impl Drop for GiveUp<'_> {
            fn drop(&mut self) {
                self.0.given_up.store(std::thread::panicking(), Ordering::Relaxed);
                self.0.over.store(true, Ordering::Relaxed);
            }
        }
        std::thread::scope(|scope| {
            for sender in 0..3 {
                scope.spawn(move || self.send(server, sender));
            }
            let _over = GiveUp(self);
            test();
        });
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Each that was acknowledged is there once, and nothing else is.
    fn check(&self, server: &Server) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for event in server.events_of(CONTEXT) {
            // Events of v1 get an id of the server's; their order is in the key alone, so they are counted.
            let id = event["id"].as_str().unwrap();
            let id = if id.contains('-') && id.len() < 10 { id } else { "v1" };
            *counts.entry(id.to_owned()).or_default() += 1;
        }
        let acknowledged = self.acknowledged.lock().unwrap();
        let (by_v1, own): (Vec<_>, Vec<_>) =
            acknowledged.iter().partition(|id| id.ends_with(['1', '3', '5', '7', '9']));
        assert_eq!(counts.remove("v1").unwrap_or(0), by_v1.len(), "events of v1");
        for id in own {
            assert_eq!(counts.remove(id), Some(1), "{id}");
        }
        assert!(counts.is_empty(), "never acknowledged: {counts:?}");
    }
}

fn create(server: &Server, project: &str) -> Answer {
    server.post("/api/controlPlane/v1/project", &json!({ "name": project, "shipyard": STANDARD.encode(SHIPYARD) }))
}

/// Gives the project a shipyard with a task of this name.
fn update(server: &Server, task: &str) -> Answer {
    let shipyard = SHIPYARD.replace("work", task);
    server.put("/api/controlPlane/v1/project", &json!({ "name": "p", "shipyard": STANDARD.encode(shipyard) }))
}

#[test]
fn a_disk_that_fails_is_told_and_costs_nothing_and_the_server_goes_on_when_it_works_again() {
    let disk = Disk::new();
    let server = disk.server();
    let (pid, load) = (server.pid(), Load::new());
    create(&server, "p").expect(201);
    let orders =
        ["full *", "write *", "sync *", "readonly *", "full -wal", "write -wal", "sync -wal", "sync capstan.db"];
    let ready = |status: u16| {
        let words = format!("the server to say {status} when asked whether it is ready");
        eventually(&words, || {
            Some(server.request("GET", "/readyz", None, None)).filter(|answer| answer.status == status)
        })
    };
    load.beside(&server, || {
        for (n, order) in orders.iter().enumerate() {
            let (count, refused, logged) = (load.count(), load.refused.load(Ordering::Relaxed), server.log().len());
            eventually("notes to be taken", || (load.count() > count + 20).then_some(()));
            disk.order(order);
            // The database itself is synced when the log is written back to it, and not before.
            if *order != "sync capstan.db" {
                eventually("notes to be refused", || {
                    (load.refused.load(Ordering::Relaxed) > refused + 30).then_some(())
                });
                let body = ready(503).json();
                assert!(body["message"].as_str().unwrap().ends_with("it goes on by itself"), "{order}: {body}");
                server.request("GET", "/healthz", None, None).expect(200);
                if order.ends_with('*') {
                    assert_refused_well(&create(&server, &format!("q{n}")));
                    assert_refused_well(&update(&server, &format!("work{n}")));
                }
                // Who only looks, sees what there is.
                server.get("/api/capstan/v1/projects/p").expect(200);
                let log = server.log()[logged..].to_owned();
                assert_eq!(log.matches("the store cannot be written").count(), 1, "{order}: {log}");
            }
            disk.order("");
            ready(200);
            create(&server, &format!("q{n}")).expect(201);
            update(&server, &format!("work{n}")).expect(201);
            server.assert_configured(&format!("q{n}"), "work");
            server.assert_configured("p", &format!("work{n}"));
        }
    });
    assert_eq!(server.pid(), pid);
    load.check(&server);
    server.restart();
    load.check(&server);
    server.assert_configured("p", &format!("work{}", orders.len() - 1));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_write_that_is_torn_by_a_crash_takes_nothing_with_it_that_was_acknowledged() {
    let disk = Disk::new();
    let server = disk.server();
    let load = Load::new();
    create(&server, "p").expect(201);
    load.beside(&server, || {
        // A header of a page in the log or the page itself, the first of a commit or the last.
        for n in [1, 2, 3, 8, 13, 20] {
            let count = load.count();
            eventually("notes to be taken", || (load.count() > count + 10).then_some(()));
            disk.order(&format!("tear capstan.db-wal {n}"));
            server.ended();
            disk.order("");
            server.restart();
        }
    });
    load.check(&server);
    // The log is written back when the server ends, and the files of the configuration have halves of their own.
    for (n, file) in ["capstan.db", "main.lock", "config"].into_iter().enumerate() {
        disk.order(&format!("tear {file} 1"));
        match n {
            0 => server.signal("TERM"),
            1 => drop(server.try_request(
                "PUT",
                "/api/controlPlane/v1/project",
                Some(&json!({
                "name": "p", "shipyard": STANDARD.encode(SHIPYARD.replace("work", "torn")) })),
                Some(server.token()),
            )),
            _ => drop(server.try_request(
                "POST",
                "/api/controlPlane/v1/project",
                Some(&json!({
                "name": "q", "shipyard": STANDARD.encode(SHIPYARD) })),
                Some(server.token()),
            )),
        }
        assert_eq!(server.ended(), -1, "{file}");
        disk.order("");
        server.restart();
        load.check(&server);
        server.assert_configured("p", if n == 2 { "torn" } else { "work" });
        if n == 1 {
            update(&server, "torn").expect(201);
        }
    }
    create(&server, "q").expect(201);
    server.assert_configured("q", "work");
}

#[test]
fn what_cannot_be_served_is_told_at_the_start_with_a_way_to_mend_it() {
    let mut seen = String::new();
    let mut tell = |what: &str, disk: &Disk| {
        let ran = disk.refused();
        assert!(ran.stdout.is_empty(), "{what}: {ran:?}");
        seen.push_str(&format!("# {what}\n{}\n", ran.stderr));
    };
    for (what, order) in [
        ("a directory that may only be read", "readonly *"),
        ("a disk that is full", "full *"),
        ("a disk that fails to write", "write *"),
        ("a disk that fails to sync", "sync *"),
    ] {
        let disk = Disk::new();
        disk.order(order);
        tell(what, &disk);
    }
    let disk = Disk::new();
    let server = disk.server();
    create(&server, "p").expect(201);
    assert_eq!(server.terminate(), 0);
    tell_of_stored(&disk, &server, &mut tell);
    // Whole again, it serves.
    server.restart();
    server.assert_configured("p", "work");
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("errors_data", seen) });
}

/// What is stored already, and cannot be used.
fn tell_of_stored(disk: &Disk, server: &Server, tell: &mut impl FnMut(&str, &Disk)) {
    let (store, log) = (server.data().join("capstan.db"), server.data().join("capstan.db-wal"));
    assert!(log.metadata().is_ok_and(|log| log.len() == 0), "a server that ends writes its log back");
    let whole = std::fs::read(&store).unwrap();
    for (what, order) in [("a store that may only be read", "readonly *"), ("a store on a disk that is full", "full *")]
    {
        disk.order(order);
        tell(what, disk);
        disk.order("");
    }
    let mut newer = whole.clone();
    // The version of the schema in the header.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = whole.clone();
    damaged[100..4096].fill(0xa5);
    let mut foreign = whole.clone();
    foreign[68..72].fill(0);
    for (what, content) in [
        ("a store of a newer version", newer),
        ("a store of another program", foreign),
        ("a store with a damaged page", damaged),
        ("a store that lost its end", whole[..8_192].to_vec()),
        ("a store that is none", b"not a database, but long enough to be taken for one ".repeat(100)),
        ("a store that is empty", Vec::new()),
    ] {
        std::fs::write(&store, content).unwrap();
        tell(what, disk);
    }
    std::fs::remove_file(&store).unwrap();
    tell("no store beside projects", disk);
    assert!(!store.exists(), "nothing was made");
    std::fs::create_dir(&store).unwrap();
    tell("a store that is a directory", disk);
    std::fs::remove_dir(&store).unwrap();
    std::fs::write(&store, whole).unwrap();
    let config = server.data().join("config");
    std::fs::rename(&config, server.data().join("aside")).unwrap();
    std::fs::write(&config, "").unwrap();
    tell("a configuration that is a file", disk);
    std::fs::remove_file(&config).unwrap();
    std::fs::rename(server.data().join("aside"), &config).unwrap();
}
