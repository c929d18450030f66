//! What v1's recorded story does not touch: other pages, other filters, other mistakes, runs that are steered.

mod support;

use capstan_model::event::CloudEvent;
use capstan_model::event::rest::RestEvent;
use serde_json::{Value, json};
use support::{TOKEN, TestServer};

#[test]
fn every_refusal_is_that_of_its_family() {
    let server = TestServer::start();
    server.with_project("p");
    let (json, text) = ("application/json", "text/plain");
    for (method, path, status, content_type) in [
        ("GET", "/api/v1/nothing", 404, json),
        ("GET", "/api/v1/event", 405, json),
        ("PUT", "/api/v1/metadata", 405, json),
        ("GET", "/api/controlPlane/v1/nothing", 404, text),
        ("POST", "/api/controlPlane/v1/project/p", 404, text),
        ("GET", "/api/secrets/v1/nothing", 404, text),
        ("GET", "/api/configuration-service/v1/project", 403, "text/html"),
        ("GET", "/api/resource-service/v1/nothing", 404, text),
        ("GET", "/api/mongodb-datastore/nothing", 404, json),
        ("POST", "/api/mongodb-datastore/event/type/x", 405, json),
        ("DELETE", "/api/mongodb-datastore/event", 403, "text/html"),
        ("GET", "/api/capstan/v1/nothing", 404, json),
        ("GET", "/nothing", 404, json),
        ("GET", "/api/controlPlane/v1/project/%ff", 400, json),
    ] {
        let answer = server.request(method, path, None, Some(TOKEN), &[]);
        assert_eq!((answer.status, answer.content_type.as_str()), (status, content_type), "{method} {path}");
        let answer = server.request(method, path, None, None, &[]);
        assert_eq!(answer.status, 401, "{method} {path}");
        assert!(!answer.message().is_empty());
    }
    for open in ["/healthz", "/readyz"] {
        assert_eq!(server.request("GET", open, None, None, &[]).status, 200);
    }
    assert_eq!(server.get("/api//controlPlane//v1///project/p").status, 200);
}

#[test]
fn mistakes_in_events_are_told_one_at_a_time() {
    let server = TestServer::start();
    let deep = format!("{{\"data\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for (body, status, words) in [
        ("", 400, "parsing body"),
        ("[]", 400, "a list"),
        ("null", 422, "data in body is required"),
        (r#"{"data":null,"type":"t","source":"s"}"#, 422, "data in body is required"),
        (r#"{"data":{}}"#, 422, "source in body is required"),
        (r#"{"data":{},"source":"s","type":""}"#, 422, "type in body is required"),
        (r#"{"data":{},"source":"s","type":5}"#, 400, "'type' must be text, this is a number"),
        (r#"{"data":{},"source":"s","type":"t","time":"soon"}"#, 400, "'time'"),
        (r#"{"data":{},"source":"s","type":"t","shkeptncontext":{}}"#, 400, "'shkeptncontext'"),
        (&deep, 400, "recursion limit"),
    ] {
        let answer = server.request("POST", "/api/v1/event", Some(body.as_bytes()), Some(TOKEN), &[]);
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.message().contains(words), "{body}: {}", answer.text());
    }
    let huge = vec![b' '; (5 << 20) + 1];
    let answer = server.request("POST", "/api/v1/event", Some(&huge), Some(TOKEN), &[]);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.message(), "the body is larger than 5 MB");
}

#[test]
fn an_event_is_kept_as_v1_keeps_it() {
    let server = TestServer::start();
    let event = json!({
        "id": "mine", "time": "0001-01-01T00:00:00Z", "source": "", "type": "com.example.thing", "data": [1],
        "shkeptncontext": "my-run", "shkeptnspecversion": "0.2.4", "extensions": { "a": 1 }, "unknown": "gone",
    });
    let answer = server.post("/api/v1/event", &event);
    assert_eq!(answer.json(), json!({ "keptnContext": "6d792d72-756e-4020-a020-202020202020" }));
    let path = "/api/mongodb-datastore/event?keptnContext=6d792d72-756e-4020-a020-202020202020";
    let mut stored = server.get(path).json();
    let event = stored["events"][0].as_object_mut().unwrap();
    assert_ne!(event.shift_remove("id").unwrap(), "mine");
    assert!(event.shift_remove("time").unwrap().as_str().unwrap().starts_with('2'));
    assert_eq!(
        Value::from(event.clone()),
        json!({
            "source": "https://github.com/keptn/keptn/api", "type": "com.example.thing", "data": [1],
            "specversion": "1.0", "shkeptncontext": "6d792d72-756e-4020-a020-202020202020",
            "contenttype": "application/json", "shkeptnspecversion": "0.2.4", "extensions": { "a": 1 },
        })
    );
}

#[test]
fn a_repeat_under_a_key_is_answered_as_the_first_was_and_does_nothing() {
    let server = TestServer::start();
    server.with_project("p");
    let data = json!({ "project": "p", "stage": "dev", "service": "svc" });
    let event = json!({ "source": "s", "type": "sh.keptn.event.dev.delivery.triggered", "data": data }).to_string();
    let send = |body: &str, key: &str| {
        server.request("POST", "/api/v1/event", Some(body.as_bytes()), Some(TOKEN), &[("Idempotency-Key", key)])
    };
    let first = send(&event, "k1").json();
    assert_eq!(send(&event, "k1").json(), first);
    assert_eq!(server.get("/api/controlPlane/v1/sequence/p").json()["totalCount"], 1);
    assert_ne!(send(&event, "k2").json(), first);
    let reused = send(&event.replace("dev.delivery", "dev.rollback"), "k1");
    assert_eq!((reused.status, reused.json()["code"].clone()), (409, 409.into()));
    assert_eq!(send(&event, "").status, 400);
}

#[test]
fn lists_are_sorted_by_name_and_come_in_pages() {
    let server = TestServer::start();
    for name in ["b", "a-1", "a"] {
        server.with_project(name);
    }
    let page = |query: &str| {
        let body = server.get(&format!("/api/controlPlane/v1/project?{query}")).json();
        let names = body["projects"].as_array().unwrap().iter().map(|one| one["projectName"].clone());
        (names.collect::<Value>(), body["nextPageKey"].clone(), body["totalCount"].clone())
    };
    assert_eq!(page(""), (json!(["a", "a-1", "b"]), "0".into(), 3.into()));
    assert_eq!(page("pageSize=2"), (json!(["a", "a-1"]), "2".into(), 3.into()));
    assert_eq!(page("pageSize=2&nextPageKey=2"), (json!(["b"]), "0".into(), 3.into()));
    assert_eq!(page("pageSize=2&nextPageKey=9"), (json!([]), "0".into(), 3.into()));
    assert_eq!(page("nextPageKey=x"), (json!(["a", "a-1", "b"]), "0".into(), 3.into()));
    assert_eq!(server.get("/api/controlPlane/v1/project?pageSize=-1").status, 400);
    let stages = server.get("/api/controlPlane/v1/project/a/stage?pageSize=1&nextPageKey=1").json();
    assert_eq!((&stages["stages"][0]["stageName"], &stages["nextPageKey"]), (&"prod".into(), &"0".into()));
}

#[test]
fn open_tasks_come_newest_first_and_in_pages() {
    let server = TestServer::start();
    server.with_project("p");
    for service in ["a", "b", "c"] {
        server.send("dev.delivery.triggered", "p", "dev", &json!({ "service": service }));
    }
    let page = |query: &str| {
        let path = format!("/api/controlPlane/v1/event/triggered/sh.keptn.event.build.triggered?{query}");
        let body = server.get(&path).json();
        let services = body["events"].as_array().unwrap().iter().map(|event| event["data"]["service"].clone());
        (services.collect::<Value>(), body["nextPageKey"].clone(), body.get("totalCount").cloned())
    };
    assert_eq!(page("pageSize=2"), (json!(["c", "b"]), "2".into(), Some(3.into())));
    assert_eq!(page("pageSize=2&nextPageKey=2&project=p"), (json!(["a"]), "0".into(), Some(3.into())));
    assert_eq!(page("service=b&stage=dev"), (json!(["b"]), "0".into(), Some(1.into())));
    assert_eq!(page("service=none"), (json!([]), "0".into(), None));
    let path = "/api/controlPlane/v1/event/triggered/sh.keptn.event.build.triggered?project=none";
    assert_eq!(server.get(path).status, 404);
}

/// Open tasks go out as they are stored: nothing may stand there that v1 does not have, and nothing in another form.
#[test]
fn an_open_task_has_what_it_has_in_v1_and_no_more() {
    let server = TestServer::start();
    server.with_project("p");
    let data = json!({ "labels": { "z": "ü\n", "a": "" }, "float": 1.0, "big": u64::MAX, "none": null });
    for service in ["a", "b"] {
        let mut data = data.clone();
        data["service"] = service.into();
        server.send("dev.delivery.triggered", "p", "dev", &data);
    }
    let answer = server.get("/api/controlPlane/v1/event/triggered/sh.keptn.event.build.triggered");
    assert_eq!(answer.headers["content-type"], "application/json");
    let body = answer.json();
    let names =
        ["data", "id", "shkeptncontext", "source", "specversion", "time", "type", "gitcommitid", "shkeptnspecversion"];
    let mut events = Vec::new();
    for event in body["events"].as_array().unwrap() {
        assert_eq!(event.as_object().unwrap().keys().collect::<Vec<_>>(), names);
        let event = CloudEvent::from_json(event.clone()).unwrap();
        events.push(serde_json::to_string(&RestEvent(&event)).unwrap());
    }
    assert_eq!(events.len(), 2);
    let expected = format!(r#"{{"events":[{}],"nextPageKey":"0","totalCount":2}}"#, events.join(","));
    assert_eq!(answer.text(), expected);
}

#[test]
fn a_bad_page_or_time_or_filter_is_refused() {
    let server = TestServer::start();
    for (path, status, code) in [
        ("mongodb-datastore/event?pageSize=101", 422, 608),
        ("mongodb-datastore/event?pageSize=x", 422, 601),
        ("mongodb-datastore/event/type/t?filter=data.project:p&limit=0", 422, 609),
        ("mongodb-datastore/event/type/t?filter=data.stage:dev", 400, 400),
        ("mongodb-datastore/event?fromTime=soon", 400, 400),
        ("controlPlane/v1/sequence/p?beforeTime=soon", 400, 400),
        ("controlPlane/v1/sequence/p?pageSize=x", 400, 400),
        ("controlPlane/v1/sequence-execution?stage=dev", 400, 400),
    ] {
        let answer = server.get(&format!("/api/{path}"));
        assert_eq!((answer.status, answer.json()["code"].clone()), (status, code.into()), "{path}");
    }
    let nothing = [
        ("controlPlane/v1/sequence/none", json!({ "states": [] })),
        ("controlPlane/v1/sequence-execution?project=none", json!({ "sequenceExecutions": [] })),
        ("mongodb-datastore/event?project=none", json!({ "events": [], "pageSize": 20 })),
    ];
    for (path, body) in nothing {
        assert_eq!(server.get(&format!("/api/{path}")).json(), body, "{path}");
    }
}

#[test]
fn a_run_that_waits_is_paused_and_aborted_shows_so() {
    let server = TestServer::start();
    server.with_project("p");
    let first = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    let second = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    let waiting = server.state("p", &second);
    assert_eq!((&waiting["state"], &waiting["stages"]), (&"waiting".into(), &json!([{ "name": "dev", "state": "" }])));
    assert_eq!(server.executions("p", &second)[0]["status"]["state"], "triggered");

    server.control("p", &first, "pause", "");
    let (state, status) = (server.state("p", &first), server.executions("p", &first)[0]["status"].clone());
    assert_eq!((&state["state"], &state["stages"][0]["state"]), (&"paused".into(), &"triggered".into()));
    assert_eq!((&status["state"], &status["stateBeforePause"]), (&"paused".into(), &"started".into()));
    assert_eq!(server.state("p", &second)["state"], "started");

    server.control("p", &first, "resume", "");
    assert_eq!(server.executions("p", &first)[0]["status"]["stateBeforePause"], "");
    server.control("p", &first, "abort", "");
    let state = server.state("p", &first);
    assert_eq!((&state["state"], &state["stages"][0]["state"]), (&"aborted".into(), &"aborted".into()));
    assert_eq!(state["stages"][0]["latestEvent"]["type"], "sh.keptn.event.dev.delivery.finished");
    assert_eq!(state["stages"][0].get("latestFailedEvent"), None);
    assert_eq!(server.executions("p", &first)[0]["status"]["state"], "finished");

    for (project, context, word) in [("p", first.as_str(), "abort"), ("p", "none", "pause"), ("p", &second, "Abort")] {
        server.control(project, context, word, "");
    }
    assert_eq!(server.state("p", &second)["state"], "started");
    let path = format!("/api/controlPlane/v1/sequence/p/{second}/control");
    for body in [json!({}), json!({ "state": "" }), json!([])] {
        assert_eq!(server.post(&path, &body).status, 400, "{body}");
    }
}

#[test]
fn runs_and_sequences_are_found_by_what_they_are() {
    let server = TestServer::start();
    server.with_project("p");
    let mut contexts: Vec<String> = Vec::new();
    for service in ["a", "b", "c"] {
        contexts.push(server.send("dev.delivery.triggered", "p", "dev", &json!({ "service": service })));
    }
    server.control("p", &contexts[0], "abort", "");
    let count = |query: &str| server.get(&format!("/api/controlPlane/v1/{query}")).json().get("totalCount").cloned();
    assert_eq!(count("sequence/p"), Some(3.into()));
    assert_eq!(count("sequence/p?state=aborted"), Some(1.into()));
    assert_eq!(count("sequence/p?name=rollback"), None);
    assert_eq!(count(&format!("sequence/p?keptnContext={},{}", contexts[0], contexts[2])), Some(2.into()));
    assert_eq!(count("sequence-execution?project=p&service=a&stage=dev&name=delivery"), Some(1.into()));
    assert_eq!(count("sequence-execution?project=p&status=started"), Some(2.into()));
    let page = server.get("/api/controlPlane/v1/sequence/p?pageSize=1&nextPageKey=1").json();
    assert_eq!((&page["states"][0]["shkeptncontext"], &page["nextPageKey"]), (&contexts[1].clone().into(), &2.into()));
    let page = server.get("/api/controlPlane/v1/sequence-execution?project=p&pageSize=2").json();
    assert_eq!((&page["pageSize"], &page["nextPageKey"], &page["totalCount"]), (&2.into(), &2.into(), &3.into()));
    let time = server.state("p", &contexts[2])["time"].as_str().unwrap().to_owned();
    assert_eq!(count(&format!("sequence/p?fromTime={time}")), None);
}

#[test]
fn a_refused_project_says_why_and_where() {
    let server = TestServer::start();
    server.with_project("p");
    let create = |body: Value| server.post("/api/controlPlane/v1/project", &body);
    let answer = create(json!({ "name": "q", "shipyard": "YTogWw==" }));
    let words = "Could not validate payload: could not unmarshal provided shipyard content: 1:";
    assert!(answer.message().starts_with(words), "{}", answer.text());
    let text = "apiVersion: 0.2.0\nspec: {stages: [{name: dev, sequences: [{name: a, timeout: 2, tasks: [{name: t, when: a = 1}]}]}]}\n";
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let wanted = "Could not validate payload: provided shipyard file is not valid: 2:60: '2' is no duration; a unit is missing: \
                  '2s' or '2m'?\n2:89: '=' means nothing here; write '==' to compare";
    assert_eq!(create(json!({ "name": "q", "shipyard": encoded })).message(), wanted);
    assert_eq!(create(json!({ "name": "q" })).status, 400);
    assert_eq!(create(json!({ "name": "q", "gitRemoteUrl": "http://x" })).status, 400);
    assert_eq!(create(json!({ "name": 1 })).status, 400);
    let shipyard = server.get("/api/controlPlane/v1/project/p").json()["shipyard"].as_str().unwrap().to_owned();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, shipyard);
    let credentials = json!({ "remoteURL": "http://git.example/p" });
    let answer = create(json!({ "name": "q", "shipyard": encoded, "gitCredentials": credentials }));
    assert_eq!(answer.status, 422);
    assert_eq!(server.get("/api/controlPlane/v1/project/q").status, 404);
    let put = |body: Value| {
        let body = body.to_string();
        server.request("PUT", "/api/controlPlane/v1/project", Some(body.as_bytes()), Some(TOKEN), &[]).status
    };
    assert_eq!(put(json!({ "name": "p" })), 201);
    assert_eq!(put(json!({ "name": "none" })), 404);
    assert_eq!(put(json!({ "name": "p", "more": 1 })), 400);
    let delete = |path: &str| server.request("DELETE", path, None, Some(TOKEN), &[]).status;
    assert_eq!(delete("/api/controlPlane/v1/project/p/service/none"), 200);
    assert_eq!(delete("/api/controlPlane/v1/project/none/service/svc"), 404);
}

#[test]
fn a_writer_that_is_busy_or_a_store_that_fails_is_told_in_words() {
    let stuck = TestServer::stuck();
    let event = json!({ "source": "s", "type": "t", "data": {} });
    stuck.leave("/api/v1/event", &event);
    let answer = loop {
        // Until the one before has come in, this one takes its place and waits.
        let answer = stuck.try_post("/api/v1/event", &event);
        if let Some(answer) = answer {
            break answer;
        }
    };
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (503, "1"));
    assert!(!answer.message().is_empty());
    assert_eq!(stuck.request("GET", "/readyz", None, None, &[]).status, 503);

    let server = TestServer::start();
    server.disk.fail_next_commit();
    let answer = server.post("/api/v1/event", &event);
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.message(),
        "the server cannot write to its store at the moment, and its log says why; send this again later, under the same id or Idempotency-Key it counts once"
    );
}

#[test]
fn events_are_found_by_what_they_are() {
    let server = TestServer::start();
    server.with_project("p");
    let context = server.send("dev.delivery.triggered", "p", "dev", &json!({ "labels": { "a": "b" } }));
    let id = server.open("build", "p").unwrap();
    let reference = json!({ "shkeptncontext": context, "triggeredid": id, "status": "succeeded", "result": "pass" });
    server.send("build.finished", "p", "dev", &reference);
    let found = |query: &str| {
        let events = server.get(&format!("/api/mongodb-datastore/event{query}")).json()["events"].clone();
        let kinds = events.as_array().unwrap().iter().map(|event| event["type"].clone());
        kinds.map(|kind| kind.as_str().unwrap().trim_start_matches("sh.keptn.event.").to_owned()).collect::<Vec<_>>()
    };
    let all = ["build.finished", "build.triggered", "dev.delivery.triggered"];
    assert_eq!(found(&format!("?keptnContext={context}")), all);
    assert_eq!(found(&format!("?keptnContext={context}&root=true")), all[2..]);
    assert_eq!(found(&format!("?keptnContext={context}&pageSize=1&nextPageKey=1")), all[1..2]);
    assert_eq!(
        found(&format!("?keptnContext={context}&source=test&stage=dev&service=svc")),
        ["build.finished", all[2]]
    );
    assert_eq!(found(&format!("?eventID={id}&project=p")), ["build.triggered"]);
    let of_type = "/type/sh.keptn.event.build.finished?filter=data.project:p";
    assert_eq!(found(&format!("{of_type}%20AND%20data.result:fail,pass")), ["build.finished"]);
    assert_eq!(found(&format!("{of_type}%20AND%20data.result:fail")), [""; 0]);
    assert_eq!(found(&format!("{of_type}%20AND%20triggeredid:{id}&excludeInvalidated=true")), ["build.finished"]);
    server.send("build.invalidated", "p", "dev", &json!({ "shkeptncontext": context, "triggeredid": id }));
    assert_eq!(found(&format!("{of_type}&excludeInvalidated=true")), [""; 0]);
    assert_eq!(found(&format!("{of_type}&excludeInvalidated=no")), ["build.finished"]);
}

#[test]
fn tools_that_work_together_are_waited_for() {
    let server = TestServer::start();
    server.with_project("p");
    let context = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    let reference = json!({ "shkeptncontext": context, "triggeredid": server.open("build", "p").unwrap() });
    let with = |more: Value| {
        let mut all = reference.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    for source in ["one", "two"] {
        server.send("build.started", "p", "dev", &with(json!({ "source": source })));
    }
    let answer = json!({ "source": "two", "status": "succeeded", "result": "warning" });
    server.send("build.finished", "p", "dev", &with(answer));
    let current = server.executions("p", &context)[0]["status"]["currentTask"].clone();
    let sources = current["events"].as_array().unwrap().iter().map(|event| event["source"].clone());
    assert_eq!(sources.collect::<Value>(), json!(["one", "two", "two"]));
    assert_eq!((&current["name"], &current["events"][0]["properties"]), (&"build".into(), &Value::Null));
    assert_eq!(current["events"][2]["properties"]["result"], "warning");
    server.send(
        "build.finished",
        "p",
        "dev",
        &with(json!({ "source": "one", "status": "succeeded", "result": "pass" })),
    );
    let status = server.executions("p", &context)[0]["status"].clone();
    assert_eq!(
        (&status["previousTasks"][0]["result"], &status["currentTask"]["name"]),
        (&"warning".into(), &"check".into())
    );
}
