//! README and docs are run as a reader would: every block, in order, each page in a folder of its own.
//!
//! - A block behind a line that ends with `` `NAME`: `` is a file.
//! - A block of `sh` is run; each command must succeed, or end as its comment `# exits with N` says.
//! - A block of `text` behind it is what it prints.
//! - In blocks of other languages (pipelines of CI systems) the commands of capstan are run.
//! - `<!-- needs: prometheus -->` before a block: `http://localhost:9090` in it is a real one.
//! - `<!-- needs: server -->`: `http://localhost:8080` in it is a Capstan server that runs in the page's folder, with what
//!   the page has put there until then, to its end; its address is in `CAPSTAN_SERVER`, its token in `CAPSTAN_TOKEN`.
//!   `<!-- needs: prometheus, server -->`: both.
//! - `<!-- not run: why -->`: it is not.

use std::path::Path;
use std::process::Command;

use crate::prometheus_server::{Prometheus, executable};
use crate::server::Server;
use crate::support::{Workplace, repository};

#[derive(Debug, PartialEq)]
enum Step {
    File { name: String, content: String },
    Run { script: String, needs: Needs },
    Prints { text: String },
    Pipeline { commands: Vec<String> },
}

/// What a block wants to talk to.
#[derive(Debug, Default, PartialEq)]
struct Needs {
    prometheus: bool,
    server: bool,
}

impl Needs {
    fn of(line: &str) -> Self {
        let words = line.strip_prefix("<!-- needs: ").and_then(|rest| rest.strip_suffix(" -->"));
        let mut needs = Self::default();
        for word in words.into_iter().flat_map(|words| words.split(", ")) {
            match word {
                "prometheus" => needs.prometheus = true,
                "server" => needs.server = true,
                _ => panic!("nothing is known of '{word}': {line}"),
            }
        }
        needs
    }
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    let mut before = String::new();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.trim().is_empty() {
                before = line.trim().to_owned();
            }
            continue;
        };
        let block: String =
            lines.by_ref().take_while(|line| !line.starts_with("```")).flat_map(|line| [line, "\n"]).collect();
        let name = before.strip_suffix("`:").and_then(|words| words.rsplit('`').next());
        match (language, name) {
            _ if before.starts_with("<!-- not run:") => {}
            (_, Some(name)) => steps.push(Step::File { name: name.to_owned(), content: block }),
            ("sh", _) => steps.push(Step::Run { script: block, needs: Needs::of(&before) }),
            ("text", _) if matches!(steps.last(), Some(Step::Run { .. })) => steps.push(Step::Prints { text: block }),
            _ => {
                let commands = pipeline_commands(&block);
                if !commands.is_empty() {
                    steps.push(Step::Pipeline { commands });
                }
            }
        }
        before.clear();
    }
    steps
}

/// The commands of capstan in a pipeline's file, with continuation lines.
fn pipeline_commands(block: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        let Some(at) = line
            .find("capstan ")
            .filter(|at| line[..*at].trim_matches([' ', '-', '\'']).trim_end_matches("sh '").trim().is_empty())
        else {
            continue;
        };
        let mut command = line[at..].trim_end_matches('\'').to_owned();
        while command.ends_with('\\') {
            command.push('\n');
            command.push_str(lines.next().unwrap_or_default());
        }
        commands.push(command);
    }
    commands
}

/// Makes each command's exit code what its comment says.
fn strict(script: &str) -> String {
    let mut strict = "set -euo pipefail\n".to_owned();
    for line in script.lines() {
        match line.split_once("# exits with ") {
            Some((command, code)) => {
                strict
                    .push_str(&format!("code=0; {} || code=$?; [ $code -eq {code} ] || exit 99\n", command.trim_end()));
            }
            None => strict.push_str(&format!("{line}\n")),
        }
    }
    strict
}

fn shell(workplace: &Workplace, script: &str, server: Option<&Server>) -> (i32, String, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_capstan")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(workplace.path())
        .env("PATH", path)
        .envs([
            ("GITHUB_SHA", "0a1b2c"),
            ("GITHUB_STEP_SUMMARY", "summary.md"),
            ("CI_COMMIT_SHA", "0a1b2c"),
            ("BUILD_NUMBER", "7"),
        ])
        .envs(server.map(|server| ("CAPSTAN_SERVER", server.url())))
        .envs(server.map(|server| ("CAPSTAN_TOKEN", server.token())))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn perform(name: &str) {
    let page = std::fs::read_to_string(repository().join(name)).unwrap();
    let steps = steps(&page);
    assert!(!steps.is_empty(), "{name} has nothing to run");
    let workplace = Workplace::new();
    let fixtures = repository().join("crates/tools/tests/fixtures");
    let copied = Command::new("cp").arg("-r").arg(format!("{}/.", fixtures.display())).arg(workplace.path()).status();
    assert!(copied.unwrap().success());
    let (mut prometheus, mut server): (Option<Prometheus>, Option<Server>) = (None, None);
    let mut printed = String::new();
    for step in &steps {
        match step {
            Step::File { name, content } => drop(workplace.file(name, content)),
            Step::Run { script, .. } if script.lines().all(|line| line.starts_with("make ")) => {
                let makefile = std::fs::read_to_string(repository().join("Makefile")).unwrap();
                let target = script.trim().trim_start_matches("make ");
                assert!(makefile.contains(&format!("\n{target}:")), "{target}");
            }
            Step::Run { script, needs } => {
                let mut script = strict(script);
                if needs.prometheus {
                    let Some(executable) = executable(&format!("the examples of {name}")) else { return };
                    let running = prometheus.get_or_insert_with(|| {
                        let server = Prometheus::start(&executable, &[]);
                        let rate = "sum(rate(prometheus_http_requests_total%7Bjob=%22prometheus%22%7D%5B300s%5D))%3E0";
                        server.wait_for(rate, |samples| samples.len() == 1);
                        server
                    });
                    script = script.replace("http://localhost:9090", &running.url());
                }
                let mut asked = None;
                if needs.server {
                    let running = server.get_or_insert_with(|| Server::prepare().folder(workplace.path()).start());
                    script = script.replace("http://localhost:8080", &running.url());
                    asked = Some(&*running);
                }
                let (code, stdout, stderr) = shell(&workplace, &script, asked);
                assert_eq!(code, 0, "{name}:\n{script}\n{stdout}{stderr}");
                printed = stdout;
            }
            Step::Prints { text } => assert_eq!(&printed, text, "{name}"),
            Step::Pipeline { commands } => {
                for command in commands {
                    let (code, stdout, stderr) = shell(&workplace, command, None);
                    assert!([0, 1, 3].contains(&code), "{name}: {command}: exit {code}\n{stdout}{stderr}");
                }
            }
        }
    }
}

#[test]
fn the_readme_holds() {
    perform("README.md");
}

#[test]
fn every_page_of_the_docs_holds() {
    let mut pages: Vec<_> =
        std::fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    pages.sort();
    for page in pages {
        let name = page.to_str().unwrap().to_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            perform(&format!("docs/{name}"));
        }
    }
}

#[test]
fn blocks_are_told_apart() {
    let page = "x `a.yaml`:\n\n```yaml\nk: 1\n```\n\n```sh\nfalse   # exits with 1\n```\n\n```text\nout\n```\n\n```yaml\nrun: |\n  capstan gate \\\n    run\n```\n";
    let expected = vec![
        Step::File { name: "a.yaml".into(), content: "k: 1\n".into() },
        Step::Run { script: "false   # exits with 1\n".into(), needs: Needs::default() },
        Step::Prints { text: "out\n".into() },
        Step::Pipeline { commands: vec!["capstan gate \\\n    run".into()] },
    ];
    assert_eq!(steps(page), expected);
    let both = "<!-- needs: prometheus, server -->";
    assert_eq!(Needs::of(both), Needs { prometheus: true, server: true });
    assert!(strict("false   # exits with 1\n").contains("false || code=$?; [ $code -eq 1 ]"));
}
