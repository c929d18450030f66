//! What a server needs over the years: old runs go, and what is backed up can be restored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::prometheus_server::eventually;
use crate::server::Server;
use crate::support::{Ran, stable};

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: build}]
";

/// A command on the folder, without the variables of the test's own environment.
fn capstan(folder: &Path, line: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CAPSTAN_") {
            command.env_remove(name);
        }
    }
    Ran::from(command.args(line.split_whitespace()).current_dir(folder).output().unwrap())
}

fn create(server: &Server, project: &str) {
    server.post("/api/capstan/v1/projects", &json!({ "name": project, "shipyard": SHIPYARD })).expect(201);
}

fn trigger(id: &str, service: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "ci", "type": "sh.keptn.event.dev.delivery.triggered",
        "data": { "project": "shop", "stage": "dev", "service": service },
    })
}

fn send(server: &Server, event: &Value) -> String {
    let answer = server.post("/api/capstan/v1/events", event).expect(200);
    answer.json()["context"].as_str().unwrap().to_owned()
}

/// Types of the events of each context.
fn stored(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut next = 0;
    loop {
        let path = format!("/api/mongodb-datastore/event?project=shop&pageSize=100&nextPageKey={next}");
        let page = server.get(&path).expect(200).json();
        for event in page["events"].as_array().unwrap() {
            let kind = event["type"].as_str().unwrap().to_owned();
            all.entry(event["shkeptncontext"].as_str().unwrap_or_default().to_owned()).or_default().push(kind);
        }
        match page["nextPageKey"].as_str().and_then(|key| key.parse().ok()).filter(|key| *key > next) {
            Some(key) => next = key,
            None => return all,
        }
    }
}

fn times(kinds: &[String], what: &str) -> usize {
    kinds.iter().filter(|kind| kind.ends_with(what)).count()
}

fn git_is_whole(data: &Path) {
    for project in std::fs::read_dir(data.join("config")).unwrap() {
        let folder = project.unwrap().path();
        let checked = Command::new("git").arg("-C").arg(&folder).args(["fsck", "--strict", "--full"]).output().unwrap();
        assert!(checked.status.success(), "{}: {checked:?}", folder.display());
        assert!(
            checked.stderr.is_empty() || !String::from_utf8_lossy(&checked.stderr).contains("error"),
            "{checked:?}"
        );
    }
}

#[test]
fn a_run_goes_after_its_time() {
    let server = Server::prepare().env("CAPSTAN_RETENTION_RUNS", "1s").start();
    create(&server, "shop");
    let (over, open) = (send(&server, &trigger("1", "cart")), send(&server, &trigger("2", "order")));
    server.post(&format!("/api/capstan/v1/projects/shop/runs/{over}/abort"), &json!({})).expect(200);
    let path = format!("/api/capstan/v1/projects/shop/runs/{over}");
    eventually("the run to go", || (server.get(&path).status == 404).then_some(()));
    let message = format!("project 'shop' has no run '{over}'; it keeps runs for 1s after their end");
    assert_eq!(server.get(&path).json()["message"], message);
    eventually("its events to go", || (!stored(&server).contains_key(&over)).then_some(()));
    // What is open stays, over a restart as well.
    server.kill9();
    server.restart();
    server.get(&format!("/api/capstan/v1/projects/shop/runs/{open}")).expect(200);
    assert_eq!(times(&stored(&server)[&open], "build.triggered"), 1);
}

/// What was acknowledged before the backup began is in it, each once, whatever comes meanwhile.
#[test]
fn a_backup_under_load_has_all_that_was_there_and_its_runs_go_on() {
    let server = Server::start();
    create(&server, "shop");
    let open = send(&server, &trigger("open", "order"));
    let (acknowledged, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let backup = server.folder().join("backup");
    let before = std::thread::scope(|scope| {
        for worker in 0..4 {
            let (acknowledged, stop, server) = (&acknowledged, &stop, &server);
            scope.spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let event = trigger(&format!("{worker}-{n}"), &format!("svc-{worker}"));
                    let context = send(server, &event);
                    acknowledged.lock().unwrap().push((context, event));
                    if worker == 0 && n % 3 == 0 {
                        // Repositories change as well.
                        let service = json!({ "serviceName": format!("s-{n}") });
                        server.post("/api/controlPlane/v1/project/shop/service", &service).expect(200);
                    }
                }
            });
        }
        let count = || acknowledged.lock().unwrap().len();
        eventually("some events to be there", || (count() >= 40).then_some(()));
        let before = acknowledged.lock().unwrap().clone();
        let ran = capstan(server.folder(), "backup backup");
        let (after, taken) = (count(), before.len());
        eventually("posts to go on", || (count() > after).then_some(()));
        stop.store(true, Ordering::SeqCst);
        let ran = ran.expect(0);
        assert!(ran.stdout.starts_with("'./capstan-data' is in 'backup': 1 projects, "), "{ran:?}");
        assert!(after >= taken);
        before
    });
    server.kill9();
    git_is_whole(&backup);

    let elsewhere = tempfile::tempdir().unwrap();
    capstan(elsewhere.path(), &format!("restore {} --data capstan-data", backup.display())).expect(0);
    git_is_whole(&elsewhere.path().join("capstan-data"));
    let restored = Server::prepare().folder(elsewhere.path()).env("CAPSTAN_TOKEN", "of-mine").start();
    let events = stored(&restored);
    for (context, event) in &before {
        assert_eq!(times(&events[context], "dev.delivery.triggered"), 1, "{context}");
        // A repeat is known still.
        assert_eq!(send(&restored, event), *context);
    }
    let known = stored(&restored);
    assert!(known.iter().all(|(context, kinds)| context.is_empty() || times(kinds, "delivery.triggered") <= 1));
    // An open run goes on to its end.
    let claim = json!({ "tool": "helm", "tasks": ["build"], "service": "order" });
    let claimed = restored.post("/api/capstan/v1/claims", &claim).expect(200).json();
    assert_eq!(claimed["claims"][0]["context"], open.as_str(), "{claimed}");
    let lease = claimed["claims"][0]["lease"].as_str().unwrap();
    restored.post(&format!("/api/capstan/v1/claims/{lease}/answer"), &json!({ "result": "pass" })).expect(200);
    let run = restored.get(&format!("/api/capstan/v1/projects/shop/runs/{open}")).expect(200).json();
    assert_eq!(run["run"]["state"], "finished");
    // Each has a repository that takes changes.
    let service = json!({ "serviceName": "after" });
    restored.post("/api/controlPlane/v1/project/shop/service", &service).expect(200);
}

/// Refuses what others than the owner may read; how many files there are.
#[cfg(unix)]
fn private(path: &Path) -> usize {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    if !path.is_dir() {
        return 1;
    }
    std::fs::read_dir(path).unwrap().map(|entry| private(&entry.unwrap().path())).sum()
}

/// The whole directory, as a server left it that was killed, without a token of its own.
#[test]
fn clients_keep_their_token_and_only_the_owner_can_read() {
    let server = Server::start();
    create(&server, "shop");
    create(&server, "gone");
    server.delete("/api/capstan/v1/projects/gone").expect(200);
    // As git itself tidies: the branch is in a file of all branches.
    let repository = server.data().join("config/shop.git");
    assert!(Command::new("git").arg("-C").arg(&repository).args(["gc", "--quiet"]).status().unwrap().success());
    server.kill9();
    let folder = server.folder().to_owned();
    capstan(&folder, "backup backup").expect(0);
    capstan(&folder, "restore backup --data again").expect(0);
    #[cfg(unix)]
    for made in ["backup", "again"] {
        assert!(private(&folder.join(made)) > 5, "the repository is in it");
    }
    let left: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!left.iter().any(|path| path.to_string_lossy().contains("unfinished")), "{left:?}");
    let token = server.token().to_owned();
    let restored = Server::prepare().folder(&folder).flag("--data", "again").start();
    let answer = restored.request("GET", "/api/capstan/v1/projects/shop", None, Some(&token));
    assert_eq!(answer.expect(200).json()["name"], "shop");
    git_is_whole(&folder.join("again"));
}

#[test]
fn a_backup_or_a_place_that_does_not_do_is_refused() {
    let server = Server::start();
    create(&server, "shop");
    send(&server, &trigger("1", "cart"));
    let folder = server.folder().to_owned();
    capstan(&folder, "backup backup").expect(0);
    let seen = Mutex::new(String::new());
    let refuse = |line: &str| {
        let ran = capstan(&folder, line).expect(2);
        assert_eq!(ran.stdout, "");
        seen.lock().unwrap().push_str(&format!("$ capstan {line}\n{}", ran.stderr));
    };
    std::fs::write(folder.join("file"), "").unwrap();
    refuse("backup backup");
    refuse("backup file");
    refuse("backup new --data nowhere");
    refuse("backup new --data backup/config");
    refuse("backup capstan-data/inside");
    refuse("backup capstan-data/config/../new/deep");
    refuse("backup file/new");
    refuse("restore backup new");
    refuse("restore backup --data backup");
    assert!(!folder.join("backup/lock").exists());
    refuse("restore nowhere --data new");
    refuse("restore backup/config --data new");
    refuse("restore backup");
    server.terminate();
    refuse("restore backup");
    refuse("restore backup --data file");

    let change = |name: &str, path: &str, how: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>| {
        let copied = Command::new("cp").arg("-r").arg(folder.join("backup")).arg(folder.join(name)).status();
        assert!(copied.unwrap().success());
        let path = folder.join(name).join(path);
        match how(std::fs::read(&path).unwrap()) {
            Some(content) => std::fs::write(&path, content).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        refuse(&format!("restore {name} --data new"));
    };
    let replaced = |from: &'static str, to: &'static str| {
        move |content: Vec<u8>| {
            let text = String::from_utf8(content).unwrap();
            assert!(text.contains(from), "{text}");
            Some(text.replace(from, to).into_bytes())
        }
    };
    change("short", "capstan.db", &|mut content| {
        content.truncate(content.len() / 2);
        Some(content)
    });
    change("changed", "capstan.db", &|mut content| {
        let at = content.len() / 2;
        content[at] ^= 1;
        Some(content)
    });
    change("without", "token.sha256", &|_| None);
    change("branch", "config/shop.git/refs/heads/main", &|_| Some(b"0".repeat(40)));
    for field in ["schema", "format"] {
        change(&format!("newer-{field}"), "manifest.json", &|content| {
            let mut manifest: Value = serde_json::from_slice(&content).unwrap();
            manifest[field] = 99.into();
            Some(manifest.to_string().into_bytes())
        });
    }
    change("torn", "manifest.json", &|mut content| {
        content.truncate(content.len() / 2);
        Some(content)
    });
    change("outside", "manifest.json", &replaced("\"token.sha256\"", "\"../token.sha256\""));
    change("shorter", "manifest.json", &|content| {
        let mut manifest: Value = serde_json::from_slice(&content).unwrap();
        manifest["files"].as_object_mut().unwrap().retain(|name, _| !name.starts_with("config/"));
        Some(manifest.to_string().into_bytes())
    });
    // Nothing is left of any of them.
    assert!(!folder.join("new").exists());
    refuse("restore short --data new/below");
    assert!(!folder.join("new").exists());
    // What was there stays.
    std::fs::create_dir(folder.join("new")).unwrap();
    refuse("restore short --data new");
    assert_eq!(std::fs::read_dir(folder.join("new")).unwrap().count(), 0);
    capstan(&folder, "restore backup --data new").expect(0);
    stable(|| {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"process \d+", "process <pid>");
        settings.add_filter(r"[0-9a-f]{40}", "<commit>");
        settings.add_filter(r"knows up to \d+", "knows up to <schema>");
        settings.add_filter(r"line \d+ column \d+", "line <n> column <n>");
        settings.bind(|| insta::assert_snapshot!("backup_refused", seen.lock().unwrap().as_str()));
    });
}
