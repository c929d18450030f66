//! The commands that talk to a server, against a real one.

use serde_json::Value;

use crate::desk::{Desk, SHIPYARD};
use crate::support::{Ran, stable};

#[test]
fn the_end_of_a_run_is_the_exit_code() {
    let desk = Desk::with_shop();
    let trigger = "trigger delivery --project shop --service cart --wait --timeout 60s";
    for (tool, code, word) in [
        ("fake deployment check --count 3", 0, "pass"),
        ("fake deployment check --count 3 --result warning", 3, "warning"),
        ("fake deployment check --count 1 --fail-rate 1", 1, "fail"),
    ] {
        let mut tool = desk.beside("tool", tool);
        let ran = desk.line(trigger).expect(code);
        assert!(ran.stderr.contains(&format!("the run has ended: {word}")), "{ran:?}");
        assert!(ran.stderr.contains("note: 'delivery' is in 'dev', 'prod'; taken is 'dev'"), "{ran:?}");
        assert!(ran.stdout.contains(&format!("  dev.delivery  finished: {word} (succeeded)\n")), "{ran:?}");
        let told = tool.ended().expect(0).stdout;
        assert!(told.contains("shop  dev  cart  deployment") && told.contains("\nanswered "), "{told}");
    }
    let ran = desk.line(&format!("{trigger} --timeout 200ms")).code;
    assert_eq!(ran, 2, "a flag counts once");
    let ran = desk.line("trigger delivery --project shop --wait --timeout 300ms").expect(4);
    assert!(ran.stderr.contains("the run goes on"), "{ran:?}");
    let context = ran.stdout.lines().next().unwrap();
    desk.line(&format!("run abort {context}")).expect(0);
}

#[test]
fn a_run_that_is_aborted_ends_the_watching() {
    let desk = Desk::with_shop();
    let context = desk.trigger();
    let mut watch = desk.beside("watch", &format!("run watch {context}"));
    watch.says("out", "deployment is offered");
    let ran = desk.line("run pause latest").expect(0);
    assert!(ran.stdout.starts_with(&format!("{context} is paused")), "{ran:?}");
    desk.line("run resume latest --project shop").expect(0);
    desk.line(&format!("run abort {} --stage dev", &context[context.len() - 12..])).expect(0);
    let ran = watch.ended().expect(4);
    assert!(ran.stderr.contains("the run has ended: aborted"), "{ran:?}");
    let again = desk.line("run abort latest").expect(2);
    assert!(again.stdout.is_empty() && !again.stderr.is_empty(), "{again:?}");
}

#[test]
fn watching_goes_on_when_the_server_is_killed_and_started_again() {
    let desk = Desk::with_shop();
    let context = desk.trigger();
    let mut watch = desk.beside("watch", &format!("run watch {context}"));
    let mut wait = desk.beside("wait", &format!("run watch {context} -o json"));
    watch.says("out", "deployment is offered");
    wait.says("out", "task_offered");
    desk.server.kill9();
    watch.says("err", "does not answer; waiting for it");
    desk.server.restart();
    watch.says("err", "is back");
    let mut tool = desk.beside("tool", "fake deployment check --count 3");
    tool.ended().expect(0);
    let ran = watch.ended().expect(0);
    let path = format!("/api/capstan/v1/projects/shop/runs/{context}");
    let whole = desk.server.get(&path).expect(200).json();
    let history = whole["history"].as_array().unwrap();
    // Its context, then each fact once.
    assert_eq!(ran.stdout.lines().count(), history.len() + 1, "{ran:?}");
    let entries: Vec<Value> =
        wait.ended().expect(0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&entries, history);
}

#[test]
fn what_failed_is_done_again() {
    let desk = Desk::with_shop();
    let mut tool = desk.beside("tool", "fake deployment check --count 1 --result fail");
    desk.line("trigger delivery --project shop --service cart --stage dev --wait").expect(1);
    tool.ended().expect(0);
    let ran = desk.line("run rerun latest --by jane --reason flaky").expect(0).stdout;
    assert!(ran.ends_with("goes on from the task that did not go well\n"), "{ran}");
    let shown = desk.line("run show latest").expect(0).stdout;
    assert!(shown.contains("run again by jane: flaky") && shown.contains("attempt 2"), "{shown}");
    let again = desk.line("run rerun latest").expect(2);
    assert!(again.stderr.contains("nothing to do again"), "{again:?}");
    let mut tool = desk.beside("tool", "fake deployment check --count 3");
    desk.line("run watch latest").expect(0);
    tool.ended().expect(0);
    assert_eq!(desk.line("run list -o json").expect(0).json()["runs"][0]["result"], "pass");
    assert!(desk.line("run list").expect(0).stdout.contains("delivery  pass"));
}

#[test]
fn programs_get_the_documents_of_the_api() {
    let desk = Desk::new();
    let created = desk.line("project create shop --shipyard shipyard.yaml -o json").expect(0).json();
    let get = |path: &str| desk.server.get(&format!("/api/capstan/v1/projects{path}")).expect(200).json();
    assert_eq!(created, get("/shop"));
    let trigger =
        "trigger delivery --project shop --service cart --image ghcr.io/shop/cart:1.2 --label build=17 --stage prod";
    let begun = desk.line(&format!("{trigger} -o json")).expect(0).json();
    let context = begun["context"].as_str().unwrap();
    let event =
        desk.server.get(&format!("/api/mongodb-datastore/event?keptnContext={context}&pageSize=100")).expect(200);
    assert!(
        event.text.contains("\"configurationChange\":{\"values\":{\"image\":\"ghcr.io/shop/cart:1.2\"}}"),
        "{event:?}"
    );
    assert!(event.text.contains("\"labels\":{\"build\":\"17\"}"), "{event:?}");
    assert_eq!(desk.line("project list -o json").expect(0).json(), get(""));
    assert_eq!(desk.line("project show shop -o json").expect(0).json(), get("/shop"));
    assert_eq!(desk.line("run list --project shop -o json").expect(0).json()["runs"], get("/shop/runs")["runs"]);
    assert_eq!(desk.line("run list -o json").expect(0).json(), get("/shop/runs"));
    assert_eq!(desk.line("run show latest -o json").expect(0).json(), get(&format!("/shop/runs/{context}")));
    assert_eq!(desk.line("status --project shop -o json").expect(0).json(), get("/shop/status"));
    assert_eq!(desk.line("status -o json").expect(0).json()["shop"], get("/shop/status"));
    let yaml = desk.line("project list -o yaml").expect(0).stdout;
    assert!(yaml.starts_with("projects:\n- name: shop\n"), "{yaml}");
    for steer in ["pause", "resume", "abort"] {
        assert_eq!(desk.line(&format!("run {steer} latest -o json")).expect(0).stdout, "{}\n");
    }
    let mut tool = desk.beside("tool", "fake deployment --count 1");
    let waited = desk.line(&format!("{trigger} --wait -o json")).expect(0).json();
    tool.ended().expect(0);
    let context = waited["run"]["context"].as_str().unwrap();
    assert_eq!(waited, get(&format!("/shop/runs/{context}")));
    assert_eq!(desk.line("project delete shop --yes -o json").expect(0).stdout, "{}\n");
    assert_eq!(desk.line("project list -o json").expect(0).json(), get(""));
}

#[test]
fn resources_are_written_read_listed_and_deleted() {
    let desk = Desk::with_shop();
    desk.workplace.file("job/config.yaml", "apiVersion: v2\n");
    desk.workplace.file("sli.yaml", "indicators: {}\n");
    let of_dev = "--project shop --stage dev";
    let added = desk.line(&format!("resource add ./job/config.yaml sli.yaml {of_dev}")).expect(0).stdout;
    let commit = added.strip_prefix("2 resources of stage 'dev', project 'shop' are written, commit ").unwrap().trim();
    assert_eq!(commit.len(), 40, "{added}");
    let listed = desk.line(&format!("resource list {of_dev}")).expect(0).stdout;
    assert!(listed.starts_with("job/config.yaml\nmetadata.yaml\nsli.yaml\n"), "{listed}");
    desk.line("resource add sli.yaml --path prometheus/sli.yaml --project shop").expect(0);
    let of_cart = format!("{of_dev} --service cart");
    let get = format!("resource get prometheus/sli.yaml {of_dev}");
    let missing = desk.line(&get).expect(2);
    assert!(missing.stderr.contains("Resource not found: 'prometheus/sli.yaml'"), "{missing:?}");
    assert_eq!(desk.line(&format!("{get} --inherit")).expect(0).stdout, "indicators: {}\n");
    let document = desk.line(&format!("{get} --inherit -o json")).expect(0).json();
    assert_eq!((&document["stage"], &document["path"]), (&Value::Null, &"prometheus/sli.yaml".into()));

    let deleted = desk.line(&format!("resource delete sli.yaml {of_dev}")).expect(0).stdout;
    assert!(deleted.starts_with("'sli.yaml' of stage 'dev', project 'shop' is deleted, commit "), "{deleted}");
    desk.line(&format!("resource get sli.yaml {of_dev}")).expect(2);
    let old = desk.line(&format!("resource get sli.yaml {of_dev} --commit {}", &commit[..8])).expect(0);
    assert_eq!(old.stdout, "indicators: {}\n");

    for (line, says) in [
        (format!("resource list {of_cart}"), "Service not found: 'cart'"),
        ("resource add ../sli.yaml --project shop".to_owned(), "it leads out of this folder"),
        ("resource add sli.yaml job/config.yaml --path x --project shop".to_owned(), "give --path with one file alone"),
        ("resource add none.yaml --project shop".to_owned(), "none.yaml"),
        ("resource add job --project shop".to_owned(), "'job'"),
        ("resource list --project shopp".to_owned(), "did you mean 'shop'?"),
        ("resource list --project shop --service cart".to_owned(), "--stage"),
    ] {
        let refused = desk.line(&line).expect(2);
        assert!(refused.stderr.contains(says), "{line}: {refused:?}");
    }
}

#[test]
fn people_get_tables() {
    let desk = Desk::with_shop();
    assert_eq!(
        desk.line("status").expect(0).stdout,
        "shop\nno services yet; the first trigger of one makes it known\n"
    );
    let mut tool = desk.beside("tool", "fake deployment check --count 3");
    desk.line("trigger delivery --project shop --service cart --wait --image ghcr.io/shop/cart:1.2").expect(0);
    tool.ended().expect(0);
    let mut seen = String::new();
    for line in ["project list", "project show shop", "run list", "run show latest", "status", "status --project shop"]
    {
        seen.push_str(&format!("$ capstan {line}\n{}\n", desk.line(line).expect(0).stdout));
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b[0-9a-f]{40}\b", "<commit>");
    settings.add_filter(r"(<1|\d+) s\b", "<n> s");
    settings.bind(|| stable(|| insta::assert_snapshot!("client_tables", seen)));
}

/// What somebody sees who errs.
fn seen(desk: &Desk, line: &str) -> String {
    let ran = desk.line(line);
    assert_eq!(ran.code, 2, "{line}: {ran:?}");
    assert!(ran.stdout.is_empty(), "{line}: {ran:?}");
    format!("$ capstan {line}\n{}\n", ran.stderr)
}

#[test]
fn mistakes_are_told_with_a_way_to_mend_them() {
    let desk = Desk::with_shop();
    desk.workplace
        .file("bad.yaml", SHIPYARD.replace("name: prod", "name: dev"))
        .file("list.json", "[1]")
        .file("empty", "\n")
        .file("wrong", "not-the-token\n");
    let context = desk.trigger();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lines = [
        "project create Shop --shipyard shipyard.yaml".to_owned(),
        "project create shop --shipyard shipyard.yaml".to_owned(),
        "project create other --shipyard nowhere.yaml".to_owned(),
        "project create other --shipyard bad.yaml".to_owned(),
        "project show shp".to_owned(),
        "project delete shop".to_owned(),
        "trigger delivery".to_owned(),
        "trigger delivery --project shp --service cart".to_owned(),
        "trigger delivery --project shop --service cart --stage pord".to_owned(),
        "trigger delivry --project shop --service cart".to_owned(),
        "trigger undo --project shop --service cart --stage dev".to_owned(),
        "trigger delivery --project shop --service cart --image ghcr.io/shop/cart:".to_owned(),
        "trigger delivery --project shop --service cart --label build".to_owned(),
        "trigger delivery --project shop --service cart --data stage=prod".to_owned(),
        "trigger delivery --project shop --service cart --data canary".to_owned(),
        "trigger delivery --project shop --service cart --data @list.json".to_owned(),
        "trigger delivery --project shop --service cart --timeout 5m".to_owned(),
        "trigger delivery --project shop --service cart --wait --timeout soon".to_owned(),
        "run show 00000000".to_owned(),
        "run show 00000000-0000-0000-0000-000000000000 --project shop".to_owned(),
        "run watch latest --project shp".to_owned(),
        format!("run abort {context} --stage prod"),
        "status --project shp".to_owned(),
        "fake deployment --fail-rate 2".to_owned(),
        "fake deployment --lease 2h".to_owned(),
        "fake".to_owned(),
        format!("status --server http://{closed}"),
        "status --server localhost:8080".to_owned(),
        "status --server http://me:secret@localhost:8080".to_owned(),
        "status --token-file nowhere".to_owned(),
        "status --token-file empty".to_owned(),
        "status --token-file wrong".to_owned(),
    ];
    let mut text: String = lines.iter().map(|line| seen(&desk, line)).collect();
    text = text.replace("me:secret@", "me:***@").replace(&closed.to_string(), "127.0.0.1:1");
    text = text.replace(&desk.server.url(), "http://127.0.0.1:8080");
    let ran = Ran::from(desk.command("status").env_remove("CAPSTAN_TOKEN").output().unwrap()).expect(2);
    text.push_str(&format!("$ env -u CAPSTAN_TOKEN capstan status\n{}", ran.stderr));
    text = text.replace(&desk.server.url(), "http://127.0.0.1:8080");
    assert!(!text.contains("secret") && !text.contains("not-the-token"), "{text}");
    stable(|| insta::assert_snapshot!("errors_client", text));
}

#[test]
fn what_is_no_capstan_server_is_told_as_such() {
    let desk = Desk::with_shop();
    let ran = desk.line(&format!("status --server {}/api", desk.server.url())).expect(2);
    assert!(ran.stderr.contains("is no Capstan server") || ran.stderr.contains("no safe"), "{ran:?}");
    let secure = desk.server.url().replace("http://", "https://");
    let ran = desk.line(&format!("status --server {secure}")).expect(2);
    // A machine without any certificate to trust says that first.
    assert!(
        ran.stderr.contains("does the server speak plain http?") || ran.stderr.contains("CA certificates"),
        "{ran:?}"
    );
    let ran = desk.line(&format!("status --server {secure} -o json")).expect(2);
    assert_eq!(serde_json::from_str::<Value>(&ran.stderr).unwrap()["diagnostics"][0]["code"], "CLI001");
}
