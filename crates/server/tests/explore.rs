mod support;
use serde_json::json;
use support::TestServer;
#[test]
fn explore() {
    let s = TestServer::start();
    s.with_project("p");
    let c = s.send("dev.delivery.triggered", "p", "dev", &json!({}));
    let c2 = s.send("dev.delivery.triggered", "p", "dev", &json!({}));
    println!("queued {}\n{}", s.state("p", &c2), s.executions("p", &c2));
    s.control("p", &c, "pause", "");
    println!("paused {}\n{}", s.state("p", &c), s.executions("p", &c));
    println!("2nd {}\n{}", s.state("p", &c2), s.executions("p", &c2));
    println!("own {}", s.get(&format!("/api/capstan/v1/projects/p/runs/{c}")).text());
    s.control("p", &c, "resume", "");
    println!("resumed {}\n{}", s.state("p", &c), s.executions("p", &c));
    println!("own {}", s.get(&format!("/api/capstan/v1/projects/p/runs/{c}")).text());
    s.control("p", &c, "pause", "dev");
    println!("paused stage {}\n{}", s.state("p", &c), s.executions("p", &c));
    s.control("p", &c, "abort", "");
    println!("aborted {}\n{}", s.state("p", &c), s.executions("p", &c));
    println!("events {}", s.get(&format!("/api/mongodb-datastore/event?keptnContext={c}")).text());
    println!("runs {}", s.get("/api/capstan/v1/projects/p/runs").text());
    println!("proj events {}", s.get("/api/mongodb-datastore/event?project=p&source=shipyard-controller&pageSize=50").text());
    for (m, p, b, t) in [("GET","/api/v1/event",None,true),("GET","/api/v1/x",None,true),("GET","/api/controlPlane/v1/project/",None,true),("GET","/",None,false),("GET","/healthz",None,false),("GET","/readyz",None,false),
      ("GET","/api/mongodb-datastore/nope",None,true),("POST","/api/mongodb-datastore/event/type/x",None,true),("GET","/api/mongodb-datastore/event?pageSize=101",None,true),("GET","/api/mongodb-datastore/event?pageSize=x",None,true),
      ("GET","/api/controlPlane/v1/project/%ff",None,true),("GET","/api//controlPlane//v1/project/p",None,true),("POST","/api/controlPlane/v1/project",Some("[1]"),true),("POST","/api/controlPlane/v1/project",Some("{\"x\":1}"),true),
      ("POST","/api/v1/event",Some("null"),true),("POST","/api/v1/event",Some("[]"),true),("POST","/api/v1/event",Some(""),true),("POST","/api/v1/event",Some("{\"type\":5}"),true),
      ("POST","/api/capstan/v1/events",Some("{\"id\":\"1\"}"),true),("POST","/api/capstan/v1/events",Some("{\"id\":\n 1 x"),true),
      ("GET","/api/controlPlane/v1/sequence/p?fromTime=x",None,true),("GET","/api/controlPlane/v1/sequence-execution",None,true),("GET","/api/capstan/v1/projects/p/runs/x",None,true),("GET","/api/capstan/v1/projects/q/runs",None,true),
      ("GET","/api/capstan/v1/openapi.json",None,false),("GET","/api/resource-service/v1/project/p/resource",None,true),("DELETE","/api/capstan/v1/events",None,true)] {
        let a = s.request(m, p, b.map(str::as_bytes), t.then_some(support::TOKEN), &[]);
        println!("{m} {p} {b:?} -> {} {} {} {:?}", a.status, a.content_type, a.text().chars().take(300).collect::<String>(), a.headers.get("allow"));
    }
}
