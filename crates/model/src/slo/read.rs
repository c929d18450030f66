//! From text to objectives, or to the reasons why not.

use super::criterion::{self, Criterion, CriterionError};
use super::file::{BaselineBlock, ComparisonBlock, Groups, ObjectiveEntry, SloFile, TotalScoreBlock};
use super::types::{
    Aggregate, Baseline, CompareWith, Comparison, CriteriaGroup, Include, Objective, OnNoData, OnNoHistory, Pinned,
    Slo, TotalScore, WrittenCriterion,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::{self, Decoder, FromYaml, Spanned};
use crate::{duration, number};

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSlo {
    /// What it means.
    pub slo: Slo,
    /// As written, for lint.
    pub file: SloFile,
    /// Findings about keys that nobody reads.
    pub unknown_keys: Vec<Diagnostic>,
    /// Where the text goes on behind the first document, which alone is read.
    pub rest: Option<Span>,
}

/// Why v1 would end the evaluation, in the order in which it would come upon the reasons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The file does not parse, or it holds what v1 crashes on.
    Unparsable,
    /// The number of results is outside 1 to 100.
    NumberOfResults,
    /// A criterion below `pass` is not readable: title of the objective and v1's reason.
    Criterion(String, String),
    /// There is no target score.
    NoTarget,
    /// The target score is no number.
    PassTarget,
    /// The warning score is no number.
    WarningTarget,
    /// Something that v1 would have accepted with a senseless result.
    Senseless(String),
}

/// Everything that is wrong with a rejected file: never empty, and each diagnostic with the reason it stands for.
pub type Rejections = Vec<(Rejection, Diagnostic)>;

/// Reads a file. An empty file is the caller's to recognise: to v1 it is the same as none.
pub fn read(text: &str) -> Result<ReadSlo, Rejections> {
    let unparsable = |diagnostic| (Rejection::Unparsable, diagnostic);
    let document = yaml::compose(text).map_err(|diagnostic| vec![unparsable(diagnostic)])?;
    let mut decoder = Decoder::new(&document);
    let file = match document.root {
        None => Some(SloFile::default()),
        Some(root) => SloFile::from_yaml(&mut decoder, root),
    };
    let (errors, unknown_keys) = decoder.finish();
    if !errors.is_empty() {
        return Err(errors.into_iter().map(unparsable).collect());
    }
    let whole = Span { start: 0, end: text.lines().next().map_or(0, str::len) };
    let Some(file) = file else {
        let diagnostic = Diagnostic::error("SLO001", whole, "the file says null; there is nothing to judge")
            .help("write 'objectives:' and 'total_score:'");
        return Err(vec![unparsable(diagnostic)]);
    };
    let mut reader = Reader { rejections: Vec::new() };
    let slo = Slo {
        filter: file.filter.clone().unwrap_or_default(),
        comparison: reader.comparison(file.comparison.as_ref().map(|block| &block.value)),
        objectives: file.entries().map(|entry| reader.objective(&entry.value)).collect(),
        total_score: reader.total_score(file.total_score.as_ref(), whole),
    };
    if reader.rejections.is_empty() {
        return Ok(ReadSlo { slo, file, unknown_keys, rest: document.rest });
    }
    reader.rejections.sort_by_key(|(_, diagnostic)| diagnostic.span);
    Err(reader.rejections)
}

struct Reader {
    rejections: Rejections,
}

impl Reader {
    fn reject(&mut self, rejection: Rejection, diagnostic: Diagnostic) {
        self.rejections.push((rejection, diagnostic));
    }

    fn senseless(&mut self, diagnostic: Diagnostic) {
        self.reject(Rejection::Senseless(diagnostic.message.clone()), diagnostic);
    }

    fn comparison(&mut self, block: Option<&ComparisonBlock>) -> Comparison {
        let Some(block) = block else {
            return Comparison {
                compare_with: CompareWith::Single,
                number: 1,
                include: Include::All,
                aggregate: Aggregate::Average,
                on_no_history: OnNoHistory::Pass,
                baseline: Baseline::default(),
            };
        };
        let compare_with = match block.compare_with.as_ref().map(|text| text.value.as_str()) {
            Some("single_result") => CompareWith::Single,
            Some("several_results") => CompareWith::Several,
            _ => CompareWith::Other,
        };
        Comparison {
            compare_with,
            number: self.number_of_results(block, compare_with),
            include: match block.include_result_with_score.as_ref().map(|text| text.value.to_lowercase()).as_deref() {
                Some("pass") => Include::Pass,
                Some("pass_or_warn") => Include::PassOrWarn,
                _ => Include::All,
            },
            aggregate: self.one_of(
                "SLO011",
                "aggregate function",
                block.aggregate_function.as_ref(),
                &Aggregate::NAMES,
            ),
            on_no_history: self.one_of(
                "SLO012",
                "value of on_no_history",
                block.on_no_history.as_ref(),
                &OnNoHistory::NAMES,
            ),
            baseline: block.baseline.as_ref().map(|baseline| self.baseline(&baseline.value)).unwrap_or_default(),
        }
    }

    /// 0 counts as absent. v1 reads the number only where it is used, so elsewhere any number passes.
    fn number_of_results(&mut self, block: &ComparisonBlock, compare_with: CompareWith) -> usize {
        let Some(number) = block.number_of_comparison_results.as_ref() else { return 3 };
        match number.value.value {
            0 => 3,
            value @ 1..=100 => value as usize,
            _ if compare_with != CompareWith::Several => 3,
            value => {
                let diagnostic =
                    Diagnostic::error("SLO010", number.span, format!("cannot compare with {value} evaluations"))
                        .help("the number is from 1 to 100");
                self.reject(Rejection::NumberOfResults, diagnostic);
                3
            }
        }
    }

    /// The named choice; the first one where the key is absent or empty.
    fn one_of<T: Copy>(
        &mut self,
        code: &'static str,
        what: &str,
        text: Option<&Spanned<String>>,
        names: &[(&str, T)],
    ) -> T {
        let (_, default) = names[0];
        let Some(text) = text.filter(|text| !text.value.is_empty()) else { return default };
        if let Some((_, choice)) = names.iter().find(|(name, _)| *name == text.value) {
            return *choice;
        }
        let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        self.senseless(Diagnostic::no_such(code, text.span, what, &text.value, &known));
        default
    }

    fn baseline(&mut self, block: &BaselineBlock) -> Baseline {
        let max_age = block.max_age.as_ref().and_then(|text| match duration::parse_with_days(&text.value) {
            Ok(nanoseconds) if nanoseconds > 0 => Some(nanoseconds),
            _ => {
                let message = format!("'{}' is no age", text.value);
                self.senseless(
                    Diagnostic::error("SLO013", text.span, message).help("write it as '36h', '30d' or '2w'"),
                );
                None
            }
        });
        let pinned = block.pinned.as_ref().and_then(|text| match text.value.as_str() {
            "" => None,
            "latest" => Some(Pinned::Latest),
            id => Some(Pinned::Id(id.to_owned())),
        });
        Baseline { labels: block.labels.clone().unwrap_or_default(), pinned, max_age }
    }

    fn objective(&mut self, entry: &ObjectiveEntry) -> Objective {
        let sli = entry.sli.as_ref().map(|text| text.value.clone()).unwrap_or_default();
        let display_name = entry.display_name.clone().unwrap_or_default();
        let title = if display_name.is_empty() { sli.clone() } else { display_name.clone() };
        let weight = entry.weight.as_ref().map_or(1, |weight| match weight.value.value {
            0 => 1,
            value if value < 0 => {
                let diagnostic = Diagnostic::error("SLO021", weight.span, format!("the weight {value} is negative"))
                    .help("leave 'pass' out to make an objective informational, or give it a weight of 1 or more");
                self.senseless(diagnostic);
                1
            }
            value => value,
        });
        Objective {
            pass: self.groups(entry.pass.as_ref(), Some(&title)),
            warning: self.groups(entry.warning.as_ref(), None),
            sli,
            display_name,
            weight,
            key_sli: entry.key_sli.is_some_and(|key| key.value),
            on_no_data: self.one_of("SLO014", "value of on_no_data", entry.on_no_data.as_ref(), &OnNoData::NAMES),
        }
    }

    /// `title` is that of the objective whose `pass` this is; none for `warning`.
    fn groups(&mut self, groups: Option<&Groups>, title: Option<&str>) -> Vec<CriteriaGroup> {
        let Some(groups) = groups else { return Vec::new() };
        let mut read = Vec::with_capacity(groups.value.len());
        for group in &groups.value {
            let Some(entry) = &group.value else {
                let diagnostic = Diagnostic::error("SLO020", group.span, "a group of criteria is null")
                    .help("write '- criteria:' with a list below it, or remove the entry");
                self.senseless(diagnostic);
                continue;
            };
            let criteria = entry.criteria.iter().flatten();
            read.push(CriteriaGroup { criteria: criteria.map(|text| self.criterion(text, title)).collect() });
        }
        read
    }

    fn criterion(&mut self, text: &Spanned<String>, title: Option<&str>) -> WrittenCriterion {
        let parsed = Criterion::parse(&text.value);
        match (parsed, title) {
            (Err(error @ CriterionError::NotFinite), _) => {
                let message = format!("the criterion '{}' has a limit that is not a finite number", text.value);
                let diagnostic = Diagnostic::error("SLO023", text.span, message).help("state a number");
                self.reject(Rejection::Senseless(error.to_string()), diagnostic);
            }
            (Err(error), Some(title)) => {
                let message = format!("'{}' is no criterion", text.value);
                let diagnostic = Diagnostic::error("SLO022", text.span, message).help(criterion::help(&text.value));
                self.reject(Rejection::Criterion(title.to_owned(), error.to_string()), diagnostic);
            }
            _ => {}
        }
        WrittenCriterion { text: text.value.clone(), parsed }
    }

    fn total_score(&mut self, block: Option<&Spanned<TotalScoreBlock>>, whole: Span) -> TotalScore {
        const HELP: &str = "write 'total_score:' with 'pass: \"90%\"' and 'warning: \"75%\"' below it";
        let given = |text: &&Spanned<String>| !text.value.is_empty();
        let Some(pass) = block.and_then(|block| block.value.pass.as_ref()).filter(given) else {
            let span = block.map_or(whole, |block| block.span);
            let diagnostic = Diagnostic::error("SLO030", span, "the score to pass is missing").help(HELP);
            self.reject(Rejection::NoTarget, diagnostic);
            return TotalScore { pass: 0.0, warning: None };
        };
        let warning = block.and_then(|block| block.value.warning.as_ref()).filter(given);
        TotalScore {
            pass: self.percentage(pass, Rejection::PassTarget),
            warning: warning.map(|text| self.percentage(text, Rejection::WarningTarget)),
        }
    }

    fn percentage(&mut self, text: &Spanned<String>, rejection: Rejection) -> f64 {
        match number::parse(text.value.strip_suffix('%').unwrap_or(&text.value)) {
            Ok(value) if value.is_finite() => value,
            _ => {
                let diagnostic = Diagnostic::error("SLO031", text.span, format!("'{}' is no score", text.value))
                    .help("a score is a number with or without '%', and nothing else: \"90%\"");
                self.reject(rejection, diagnostic);
                0.0
            }
        }
    }
}
