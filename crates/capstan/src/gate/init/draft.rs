//! What the files are written from.

use capstan_model::event::sli::MissingReason;
use capstan_tools::sli::discover::{Criteria, Kind, Measured, Proposal, Seen, criteria, unchanged};
use capstan_tools::sli::{SourceSpec, Target};
use jiff::Timestamp;

/// Everything that the files say.
#[derive(Debug)]
pub(super) struct Draft {
    /// The source that was looked at.
    pub(super) source: SourceSpec,
    /// The service that it is about.
    pub(super) service: String,
    /// When that was.
    pub(super) time: Timestamp,
    /// What a server told besides; none for a file.
    pub(super) server: Option<Server>,
    /// The indicators, at least one of them with criteria.
    pub(super) indicators: Vec<Drafted>,
}

/// What a server told besides its indicators.
#[derive(Debug)]
pub(super) struct Server {
    /// Which series belong to the service: label matchers without placeholders.
    pub(super) matched: String,
    /// How many there are.
    pub(super) series: usize,
    /// The jobs of the series, where the service is only part of the name of a job.
    pub(super) jobs: Vec<String>,
    /// Metrics that could be used as well.
    pub(super) further: Vec<String>,
}

/// One indicator.
#[derive(Debug)]
pub(super) struct Drafted {
    /// What it is.
    pub(super) proposal: Proposal,
    /// Its value, or the reason why it has none.
    pub(super) seen: Result<Seen, MissingReason>,
    /// What is asked of it; nothing where it is only shown.
    pub(super) criteria: Option<Criteria>,
}

/// The indicators that `measured` makes, with limits; `None` where no limit can be told from any of them.
pub(super) fn indicators(measured: Vec<Measured>) -> Option<Vec<Drafted>> {
    let drafted = |Measured { proposal, outcome }| {
        let seen = outcome.map_err(|failure| failure.reason);
        let criteria = seen.ok().and_then(|Seen { value, .. }| criteria(proposal.kind, value));
        Drafted { proposal, seen, criteria }
    };
    let mut indicators: Vec<_> = measured.into_iter().map(drafted).collect();
    let judged = |indicators: &[Drafted]| indicators.iter().any(|indicator| indicator.criteria.is_some());
    if !judged(&indicators) {
        for indicator in indicators.iter_mut().filter(|indicator| indicator.proposal.kind == Kind::Unknown) {
            indicator.criteria = indicator.seen.ok().and_then(|Seen { value, .. }| unchanged(value));
        }
    }
    judged(&indicators).then_some(indicators)
}

impl Draft {
    /// How many indicators are judged.
    pub(super) fn judged(&self) -> usize {
        self.indicators.iter().filter(|indicator| indicator.criteria.is_some()).count()
    }

    /// Whether the default window is too short for one of the indicators.
    pub(super) fn needs_an_hour(&self) -> bool {
        self.indicators.iter().any(|indicator| indicator.seen.is_ok_and(|seen| seen.wider))
    }

    /// What the source reads from, as the command line names it.
    pub(super) fn target(&self) -> String {
        match &self.source.target {
            Target::Prometheus(address) => address.as_str().trim_end_matches('/').to_owned(),
            Target::File { format, path } => format!("{format}:{}", path.display()),
        }
    }

    /// The moment of the draft, for people.
    pub(super) fn moment(&self) -> String {
        self.time.strftime("%Y-%m-%d %H:%M UTC").to_string()
    }
}

impl Drafted {
    /// Its name for people, with the unit.
    pub(super) fn title(&self) -> String {
        match self.proposal.unit.symbol() {
            "" => self.proposal.title.clone(),
            unit => format!("{} ({unit})", self.proposal.title),
        }
    }

    /// The value that was seen, with its unit.
    pub(super) fn shown(&self) -> Option<String> {
        self.seen.ok().map(|seen| self.proposal.unit.show(seen.value))
    }
}
