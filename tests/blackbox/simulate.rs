//! `capstan simulate`: every scenario of `tests/scenarios` prints what is recorded beside it, to the byte.
//!
//! `INSTA_UPDATE=always` records anew; look at the difference before believing it.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Ran, Workplace, repository, stable};

fn folder() -> PathBuf {
    repository().join("tests/scenarios")
}

/// Runs where the scenarios are, so that their paths are short.
fn simulate(arguments: &[&str]) -> Ran {
    let mut command = Workplace::new().command(&["simulate"]);
    Ran::from(command.args(arguments).current_dir(folder()).output().unwrap())
}

/// The scenarios by name.
fn scenarios() -> Vec<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .filter(|name| name != "shipyard")
        .collect();
    names.sort();
    names
}

#[test]
fn every_scenario_is_as_recorded() {
    let names = scenarios();
    assert!(names.len() > 20, "{names:?}");
    let record = std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always");
    for name in &names {
        let ran = simulate(&[&format!("{name}.yaml")]).expect(0);
        assert!(ran.stdout.contains("expectation"), "{name} expects nothing");
        let recorded = folder().join(format!("{name}.txt"));
        if record {
            std::fs::write(&recorded, &ran.stdout).unwrap();
        }
        let recorded = std::fs::read_to_string(&recorded).unwrap_or_default();
        assert_eq!(ran.stdout, recorded, "{name}: the difference is to be understood first, and recorded then");
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let scenario = name.strip_suffix(".txt");
        assert!(scenario.is_none_or(|scenario| names.iter().any(|name| name == scenario)), "{name} is of no scenario");
    }
}

#[test]
fn the_same_input_gives_the_same_output() {
    let files: Vec<String> = scenarios().iter().map(|name| format!("{name}.yaml")).collect();
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(simulate(&arguments).expect(0).stdout, simulate(&arguments).expect(0).stdout);
    arguments.extend(["-o", "json"]);
    assert_eq!(simulate(&arguments).expect(0).stdout, simulate(&arguments).expect(0).stdout);
}

#[test]
fn programs_read_the_same() {
    let ran = simulate(&["-o", "json", "approval-absent.yaml"]).expect(0);
    insta::with_settings!({prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("simulate_json", ran.stdout);
    });
}

const ENDLESS: &str = "
shipyard: |
  apiVersion: spec.keptn.sh/0.2.3
  spec: {stages: [{name: dev, sequences: [{name: again, triggeredOn: [{event: dev.again.finished}], tasks: [{name: test}]}]}]}
tools: [{task: test, works: 1s}]
events: [{trigger: dev.again, run: endless}]
expect:
  - {run: endless, state: finished, sequences: 1001}
  - {run: endless, sequence: dev.again, times: 1000}
  - {run: endless, task: test, times: 1000}
";

#[test]
fn an_endless_chain_ends_at_a_thousand_sequences() {
    Workplace::new().file("endless.yaml", ENDLESS).line("simulate endless.yaml").expect(0);
}

#[test]
fn what_does_not_hold_is_said_with_its_line() {
    let workplace = Workplace::new();
    let wrong = ENDLESS
        .replace("events:", "limits: {sequences: 1}\nevents:")
        .replace("state: finished, sequences: 1001", "state: aborted, sequences: 2, result: warning, ignored: 1");
    let ran = workplace.file("wrong.yaml", wrong).line("simulate wrong.yaml").expect(1);
    let (_, differences) = ran.stdout.split_once("\n\n").unwrap();
    let differences: Vec<&str> = differences.lines().filter(|line| line.starts_with("not so:")).collect();
    assert_eq!(
        differences,
        [
            "not so: wrong.yaml:9: run 'endless': the state is finished, not aborted",
            "not so: wrong.yaml:9: run 'endless': the result is fail, not warning",
            "not so: wrong.yaml:9: run 'endless': the number of ignored events is 0, not 1",
            "not so: wrong.yaml:10: run 'endless', dev.again: the number of times is 1, not 1000",
            "not so: wrong.yaml:11: run 'endless', task 'test': the number of times is 1, not 1000",
        ]
    );
}

const MISTAKEN: &str = "
shipyard: |
  apiVersion: spec.keptn.sh/0.1.0
  spec: {}
limits: {start_timeout: 10, sequences: -1}
approval: abesnt
tools:
  - {task: test, work: 30s, after: -1s}
  - {source: helm}
  - {task: test, run: nobody}
  - {task: test, claims: true, lease: 2h, run: one, starts: false}
  - {task: test, lease: 30s, answers: [{progress: half, releases: no room}]}
events:
  - {at: 0s}
  - {trigger: delivery}
  - {trigger: dev.delivery, run: one, pause: one}
  - {trigger: dev.delivery, run: one, data: text}
  - {pause: two, run: one}
  - {configure: shop}
  - {rerun: one, from: begining, away: 1h}
expect:
  - {run: three, sequence: delivery, stat: finished}
  - {run: one, task: test, end: skiped}
";

#[test]
fn everything_that_is_wrong_with_a_scenario_is_drawn() {
    let workplace = Workplace::new();
    workplace
        .file("mistaken.yaml", MISTAKEN)
        .file("empty.yaml", "")
        .file("events.yaml", "shipyard: gone.yaml\nevents: []\n");
    workplace.file("gone.yaml", "shipyard: gone-shipyard.yaml\nevents: [{trigger: dev.delivery}]\n");
    workplace.file(
        "old.yaml",
        "shipyard: |\n  apiVersion: spec.keptn.sh/0.1.0\n  spec: {}\nevents: [{trigger: dev.delivery}]\n",
    );
    let ran = workplace.line("simulate mistaken.yaml empty.yaml events.yaml gone.yaml old.yaml").expect(2);
    stable(|| insta::assert_snapshot!("simulate_mistakes", ran.stderr));
    let json = workplace.line("simulate -o json old.yaml").expect(2);
    assert!(json.stderr.contains("\"code\": \"SHY0"), "{json:?}");
}

#[test]
fn a_seed_tells_the_same_to_the_byte() {
    for seed in ["3", "4", "7"] {
        let told = simulate(&["--seed", seed]).expect(0).stdout;
        assert_eq!(told, simulate(&["--seed", seed]).expect(0).stdout);
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(format!("simulate_seed_{seed}"), told);
        });
    }
}

#[test]
fn seeds_are_counted_and_what_goes_wrong_with_them() {
    let ran = simulate(&["--seeds", "200", "--from", "1000", "-o", "json"]).expect(0).json();
    assert_eq!((&ran["seeds"], &ran["from"], &ran["failed"]), (&200.into(), &1000.into(), &Value::Null));
    assert!(ran["distinct"].as_u64() > Some(150) && ran["per_second"].as_u64() > Some(0), "{ran}");
    assert!(ran["counts"]["kills"].as_u64() > Some(0), "{ran}");
    let told = simulate(&["--seeds", "200", "--from", "1000"]).expect(0).stdout;
    assert!(told.starts_with("200 seeds from 1000 on: ") && told.contains("in a commit, nothing kept"), "{told}");
}

#[test]
fn the_lowest_seed_that_does_not_hold_becomes_a_file_that_repeats_it() {
    let workplace = Workplace::new();
    let ran = workplace.line("simulate --seeds 50 --break-promises").expect(1);
    let (_, command) = ran.stdout.trim_end().rsplit_once("capstan ").unwrap();
    assert!(ran.stdout.contains("does not hold: the store has lost"), "{ran:?}");
    let repeated = workplace.line(command).expect(2);
    assert!(repeated.stderr.contains("the store has lost"), "{repeated:?}");
    let again = workplace.line("simulate --seeds 50 --break-promises").expect(1);
    assert_eq!(again.stdout.lines().last(), ran.stdout.lines().last());
}

#[test]
fn seeds_and_files_do_not_mix() {
    for line in [
        "simulate --seeds 5 one.yaml",
        "simulate --seed 5 one.yaml",
        "simulate --seeds 5 --seed 5",
        "simulate --from 3",
    ] {
        let ran = Workplace::new().line(line).expect(2);
        assert!(ran.stderr.contains("--seed"), "{line}: {ran:?}");
    }
}

#[test]
fn seeds_end_at_the_highest_number() {
    let highest = u64::MAX.to_string();
    let last = simulate(&["--seeds", "1", "--from", &highest, "-o", "json"]).expect(0).json();
    assert_eq!(last["seeds"], 1);
    let beyond = simulate(&["--seeds", "3", "--from", &highest]).expect(2).stderr;
    let message = "--seeds 3 --from 18446744073709551615: there is no seed above 18446744073709551615";
    assert!(beyond.contains(message) && beyond.contains("help: begin lower"), "{beyond}");
}

#[test]
fn what_is_no_seed_or_no_scenario_is_refused() {
    let seen: Vec<String> =
        [&[][..], &["--seeds", "0"], &["--seeds", "-5"], &["--seeds", "5", "--from", "-5"], &["--seed", "x"], &["."]]
            .iter()
            .map(|arguments| {
                format!("$ capstan simulate {}\n{}", arguments.join(" "), simulate(arguments).expect(2).stderr)
            })
            .collect();
    stable(|| insta::assert_snapshot!("simulate_refused", seen.join("")));
}
