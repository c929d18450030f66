//! Which stage and which service a trigger means, held against the project before anything is sent.

use capstan_model::diagnostic::did_you_mean;

use crate::client::Project;
use crate::failure::Failure;

/// Something that was left out, and what was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// What was taken.
    pub(super) name: String,
    /// What is to be said about that.
    pub(super) remark: Option<String>,
}

/// The stage that is meant: the one that is named, or the first that has the sequence.
pub(super) fn stage(project: &Project, stage: Option<&str>, sequence: &str) -> Result<Chosen, Failure> {
    let stages = || project.stages.iter().map(|stage| stage.name.as_str());
    let having: Vec<&str> = project
        .stages
        .iter()
        .filter(|stage| stage.sequences.iter().any(|known| known.name == sequence))
        .map(|stage| stage.name.as_str())
        .collect();
    if let Some(stage) = stage
        && !stages().any(|known| known == stage)
    {
        let message = format!("project '{}' has no stage '{stage}'", project.name);
        return Err(Failure::with_help(message, meant(stage, &stages().collect::<Vec<_>>(), "its stages are")));
    }
    match (stage, having.as_slice()) {
        (_, []) => {
            let mut known: Vec<&str> =
                project.stages.iter().flat_map(|stage| &stage.sequences).map(|known| known.name.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            let message = format!("project '{}' has no sequence '{sequence}'", project.name);
            Err(Failure::with_help(message, meant(sequence, &known, "its sequences are")))
        }
        (Some(stage), having) if having.contains(&stage) => Ok(Chosen { name: stage.to_owned(), remark: None }),
        (Some(stage), having) => {
            let message = format!("stage '{stage}' of project '{}' has no sequence '{sequence}'", project.name);
            Err(Failure::with_help(message, format!("it is in {}", listed(having))))
        }
        (None, [one]) => Ok(Chosen { name: (*one).to_owned(), remark: None }),
        (None, [first, ..]) => {
            let remark = format!("'{sequence}' is in {}; taken is '{first}', --stage names another", listed(&having));
            Ok(Chosen { name: (*first).to_owned(), remark: Some(remark) })
        }
    }
}

/// The service that is meant: the one that is named, or the only one.
pub(super) fn service(project: &str, known: &[&str], service: Option<&str>) -> Result<Chosen, Failure> {
    match (service.map(str::trim), known) {
        (Some(""), _) => Err(Failure::with_help(
            "the name of the service is empty",
            "name it with --service; without --service the only one that the project knows is taken",
        )),
        (Some(service), known) => {
            let remark = if known.contains(&service) {
                None
            } else {
                did_you_mean(service, known.iter().copied())
                    .map(|near| format!("service '{service}' is new in '{project}'; did you mean '{near}'?"))
            };
            Ok(Chosen { name: service.to_owned(), remark })
        }
        (None, [only]) => Ok(Chosen { name: (*only).to_owned(), remark: None }),
        (None, []) => Err(Failure::with_help(
            format!("project '{project}' knows no service yet"),
            "name it with --service; with its first trigger the project knows it",
        )),
        (None, several) => Err(Failure::with_help(
            format!("project '{project}' has {} services, and none is named", several.len()),
            format!("name one with --service: {}", listed(several)),
        )),
    }
}

fn meant(word: &str, known: &[&str], lead: &str) -> String {
    match did_you_mean(word, known.iter().copied()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("{lead} {}", listed(known)),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn project() -> Project {
        let sequence = |name: &str| json!({ "name": name, "tasks": ["t"] });
        serde_json::from_value(json!({
            "name": "shop", "created": "2026-01-02T10:00:00Z",
            "stages": [
                {"name": "dev", "sequences": [sequence("delivery")]},
                {"name": "prod", "sequences": [sequence("delivery"), sequence("rollback")]},
            ],
        }))
        .unwrap()
    }

    fn told(outcome: Result<Chosen, Failure>) -> String {
        match outcome {
            Ok(Chosen { name, remark }) => format!("{name} ({})", remark.unwrap_or_default()),
            Err(Failure::Plain { message, help }) => format!("{message}: {}", help.unwrap_or_default()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn stages_are_found_or_missed_with_a_word_of_help() {
        let cases: [(Option<&str>, &str, &str); 7] = [
            (Some("prod"), "delivery", "prod ()"),
            (None, "rollback", "prod ()"),
            (None, "delivery", "dev ('delivery' is in 'dev', 'prod'; taken is 'dev', --stage names another)"),
            (Some("pord"), "delivery", "project 'shop' has no stage 'pord': did you mean 'prod'?"),
            (Some("hardening"), "delivery", "project 'shop' has no stage 'hardening': its stages are 'dev', 'prod'"),
            (None, "delivry", "project 'shop' has no sequence 'delivry': did you mean 'delivery'?"),
            (Some("dev"), "rollback", "stage 'dev' of project 'shop' has no sequence 'rollback': it is in 'prod'"),
        ];
        for (named, sequence, expected) in cases {
            assert_eq!(told(stage(&project(), named, sequence)), expected);
        }
    }

    #[test]
    fn services_are_taken_where_there_is_one() {
        let cases: [(&[&str], Option<&str>, &str); 5] = [
            (&["cart"], None, "cart ()"),
            (&["cart", "web"], Some("web"), "web ()"),
            (&["cart"], Some("crat"), "crat (service 'crat' is new in 'shop'; did you mean 'cart'?)"),
            (
                &["cart", "web"],
                None,
                "project 'shop' has 2 services, and none is named: name one with --service: 'cart', 'web'",
            ),
            (
                &[],
                None,
                "project 'shop' knows no service yet: name it with --service; with its first trigger the project knows it",
            ),
        ];
        for (known, named, expected) in cases {
            assert_eq!(told(service("shop", known, named)), expected);
        }
    }
}
