//! From objectives to values: which source is asked for what, and what its answers mean.

use std::collections::{BTreeMap, BTreeSet};

use capstan_engine::evaluate::{self, GetSli};
use capstan_model::diagnostic::did_you_mean;
use capstan_model::event::evaluation::Subject;
use capstan_model::event::sli::{MissingReason, SliValue};
use capstan_model::slo::{OnNoData, Slo};
use capstan_model::timeframe::Window;
use capstan_tools::sli::{Answer, Indicator, Limits, Scope, Source, collect};

use super::inputs::read_sli;
use super::run::RunArgs;
use crate::failure::Failure;
use crate::terminal::Progress;

/// Sources that are open, and what they are to be asked for.
pub(crate) struct Retriever {
    sources: BTreeMap<String, Source>,
    indicators: Vec<Indicator>,
    filters: BTreeMap<String, String>,
    /// Whether an objective has a say of its own on missing values.
    tolerant: bool,
}

impl Retriever {
    /// Reads the SLI files and opens the sources. An SLO file that is empty asks for nothing.
    pub(crate) fn open(args: &RunArgs, slo: Option<&Slo>) -> Result<Self, Failure> {
        let map = read_sli(args.sli.iter().map(std::path::PathBuf::as_path))?;
        if !args.sli.is_empty() && map.indicators.is_empty() {
            let message = "missing required field: indicators".to_owned();
            return Err(Failure::with_help(
                message,
                "write 'indicators:' with a query for each name into the SLI file",
            ));
        }
        let mut sources = BTreeMap::new();
        let environment = |name: &str| std::env::var(name).ok();
        for spec in &args.sources {
            let source = Source::open(spec, &environment).map_err(|error| Failure::plain(error.to_string()))?;
            if sources.insert(spec.name.clone(), source).is_some() {
                let message = format!("there are two sources called '{}'", spec.name);
                return Err(Failure::with_help(message, "give each --source a name of its own"));
            }
        }
        refuse_shared_variables(sources.keys())?;
        let wanted: BTreeSet<&str> =
            slo.iter().flat_map(|slo| &slo.objectives).map(|objective| objective.sli.as_str()).collect();
        for (indicator, source) in map.sources.iter().filter(|(indicator, _)| wanted.contains(indicator.as_str())) {
            if !sources.contains_key(source) {
                let known: Vec<_> = sources.keys().map(String::as_str).collect();
                let help = match did_you_mean(source, known.iter().copied()) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("add --source {source}=..., or name one of: {}", known.join(", ")),
                };
                let message = format!("the indicator '{indicator}' wants the source '{source}', which is not given");
                return Err(Failure::with_help(message, help));
            }
        }
        // clap sees to it that there is one.
        let first = args.sources.first().map(|spec| spec.name.clone()).unwrap_or_default();
        let indicators = wanted.into_iter().map(|name| Indicator {
            name: name.to_owned(),
            query: map.indicators.get(name).cloned(),
            source: map.sources.get(name).unwrap_or(&first).clone(),
        });
        Ok(Self {
            indicators: indicators.collect(),
            filters: slo.map(|slo| slo.filter.clone()).unwrap_or_default(),
            tolerant: slo
                .iter()
                .flat_map(|slo| &slo.objectives)
                .any(|objective| objective.on_no_data != OnNoData::Fail),
            sources,
        })
    }

    /// Asks for every value.
    pub(crate) async fn retrieve(
        &self,
        subject: &Subject,
        window: Window,
        limits: &Limits,
        progress: &Progress,
    ) -> GetSli {
        let scope = Scope {
            project: subject.project.clone(),
            stage: subject.stage.clone(),
            service: subject.service.clone(),
            deployment: None,
            labels: subject.labels.clone(),
            filters: self.filters.clone(),
            start: window.start,
            end: window.end,
        };
        progress.begin(self.indicators.len() as u64, "values");
        let answers = collect(&self.sources, &self.indicators, &scope, limits, &|_| progress.advance()).await;
        self.conclude(&answers)
    }

    fn conclude(&self, answers: &[Answer]) -> GetSli {
        let mut get_sli = GetSli::default();
        for answer in answers {
            get_sli.values.push(match &answer.outcome {
                Ok(value) => SliValue::measured(&answer.indicator, *value),
                Err(failure) => {
                    get_sli.reasons.insert(answer.indicator.clone(), failure.reason);
                    SliValue::missing(&answer.indicator, &failure.message)
                }
            });
        }
        if let Some(message) = dead_source(answers) {
            get_sli.failure = Some(evaluate::Failure::Errored);
            get_sli.message = message;
        } else if let Some(failure) = first_of_all_failed(answers).filter(|_| !self.tolerant) {
            // v1's Prometheus service calls its own result a failure when not a single value could be had.
            get_sli.failed = true;
            get_sli.message =
                format!("unable to retrieve metrics: not one value could be had; the first reason: {failure}");
        }
        get_sli
    }
}

/// Names that differ only in `-`, `_` and case would read their credentials from the same variables.
fn refuse_shared_variables<'n>(names: impl Iterator<Item = &'n String>) -> Result<(), Failure> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.to_uppercase().replace('-', "_"), name) {
            let message = format!("the sources '{other}' and '{name}' would share their credentials' variables");
            return Err(Failure::with_help(message, "give them names that differ in more than '-', '_' and case"));
        }
    }
    Ok(())
}

/// The message for a source that answered none of its queries for reasons that say nothing about the service.
fn dead_source(answers: &[Answer]) -> Option<String> {
    let unheard = |reason| matches!(reason, MissingReason::Transport | MissingReason::Login | MissingReason::Timeout);
    let mut by_source: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    // An indicator without a query asks nobody, and tells nothing of the source.
    let asked =
        |answer: &&Answer| !answer.outcome.as_ref().is_err_and(|failure| failure.reason == MissingReason::Unsupported);
    for answer in answers.iter().filter(asked) {
        by_source.entry(&answer.source).or_default().push(answer);
    }
    let dead = by_source.iter().filter(|(_, answers)| {
        answers.iter().all(|answer| answer.outcome.as_ref().is_err_and(|failure| unheard(failure.reason)))
    });
    let messages: Vec<_> = dead
        .filter_map(|(source, answers)| {
            let failure = answers.first()?.outcome.as_ref().err()?;
            Some(format!("source '{source}' ({}): {}", failure.reason.words(), failure.message))
        })
        .collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

fn first_of_all_failed(answers: &[Answer]) -> Option<&str> {
    let all_failed = answers.iter().all(|answer| answer.outcome.is_err());
    let first = answers.first()?.outcome.as_ref().err()?;
    all_failed.then_some(first.message.as_str())
}
