//! How long the runs of a project are kept, as it is shown and as it is asked for.

use capstan_runtime::ports::{Keep, Retention};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::Failure;

/// How long the runs of a project are kept once they have ended.
#[derive(Serialize, ToSchema)]
#[schema(as = Retention)]
pub(super) struct RetentionBody {
    /// Runs with their events.
    runs: Kept,
    /// Their evaluations: never shorter than the runs.
    evaluations: Kept,
}

/// How long something is kept.
#[derive(Serialize, ToSchema)]
struct Kept {
    /// A duration, or `all` where it is kept for ever.
    #[schema(example = "30d")]
    keep: String,
    /// Who says so: `project` or `server`.
    from: &'static str,
}

/// How long the runs of a project are to be kept; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRetention)]
pub(super) struct RetentionWish {
    /// A duration from a second on, such as `12h`, `30d` or `1y`; `all`: for ever; `default`, or null: as the server says.
    #[schema(pattern = "^(all|default|[1-9][0-9]{0,3}[smhdw]|[1-9][0-9]?y)$")]
    #[serde(default, deserialize_with = "said")]
    runs: Option<String>,
    /// The same of their evaluations; never shorter than the runs.
    #[schema(pattern = "^(all|default|[1-9][0-9]{0,3}[smhdw]|[1-9][0-9]?y)$")]
    #[serde(default, deserialize_with = "said")]
    evaluations: Option<String>,
}

impl RetentionBody {
    /// What counts for a project, and who says it.
    pub(super) fn of(own: Retention, server: Retention) -> Self {
        let counts = own.or(server);
        let kept = |keep: Keep, own: Option<Keep>| Kept {
            keep: keep.to_string(),
            from: if own.is_some() { "project" } else { "server" },
        };
        Self { runs: kept(counts.of_runs(), own.runs), evaluations: kept(counts.of_evaluations(), own.evaluations) }
    }
}

impl RetentionWish {
    /// What stands below `retention`.
    pub(super) fn of(value: Value) -> Result<Self, Failure> {
        let refuse = |why: &str| Failure::bad_request(format!("Invalid request format: 'retention': {why}"));
        if !value.is_object() {
            return Err(refuse("it is no JSON object; write one such as {\"runs\": \"30d\"}"));
        }
        serde_json::from_value(value).map_err(|error| refuse(&error.to_string()))
    }

    /// What is made of what was said before.
    pub(super) fn read(&self) -> Result<impl FnOnce(Retention) -> Retention + use<>, Failure> {
        let runs = read("retention.runs", self.runs.as_deref())?;
        let evaluations = read("retention.evaluations", self.evaluations.as_deref())?;
        Ok(move |before: Retention| Retention {
            runs: runs.map_or(before.runs, Wish::keep),
            evaluations: evaluations.map_or(before.evaluations, Wish::keep),
        })
    }
}

/// One of them as it is to be.
#[derive(Clone, Copy)]
enum Wish {
    AsTheServer,
    Own(Keep),
}

impl Wish {
    fn keep(self) -> Option<Keep> {
        match self {
            Self::AsTheServer => None,
            Self::Own(keep) => Some(keep),
        }
    }
}

/// The word for what the server says.
const DEFAULT: &str = "default";

/// Null is not left out: as a merge patch has it, nothing is said any more.
fn said<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(value).map(|said: Option<String>| said.or_else(|| Some(DEFAULT.to_owned())))
}

fn read(name: &str, text: Option<&str>) -> Result<Option<Wish>, Failure> {
    match text {
        None => Ok(None),
        Some(DEFAULT) => Ok(Some(Wish::AsTheServer)),
        Some(text) => Keep::parse(text).map(|keep| Some(Wish::Own(keep))).map_err(|is| {
            let help = Keep::HELP;
            Failure::bad_request(format!("'{name}' is {is}; {help}, or 'default' for what the server says"))
        }),
    }
}
