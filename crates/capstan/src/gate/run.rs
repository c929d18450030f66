//! `capstan gate run`: values from sources, judged against objectives and history.

use std::path::PathBuf;
use std::time::Duration;

use capstan_engine::evaluate::Verdict;
use capstan_model::duration;
use capstan_model::timeframe::{self, Window};
use capstan_tools::sli::{Limits, SourceSpec};
use clap::{Args, FromArgMatches};
use jiff::{SignedDuration, Timestamp};

use super::arguments::{EXIT_CODES, SourceParser, SubjectArgs, VerdictArgs};
use super::inputs::{SloInput, read_slo};
use super::retrieve::Retriever;
use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::history::{HistoryFile, HistoryPath, Loaded};
use crate::report::{self, Report};
use crate::terminal::{Progress, print};

/// How far a runner's clock may be behind that of whoever measured the window.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Where a history is kept when nothing else is said.
pub(crate) const DEFAULT_HISTORY: &str = ".capstan/history.jsonl";

/// `capstan gate run`
#[derive(Debug, Clone, Args)]
#[command(after_help = format!("{EXIT_CODES}

Sources:
  NAME=http://HOST:9090   a Prometheus, or anything that speaks its query API
  NAME=json:PATH          values by name
  NAME=jtl:PATH           results of JMeter
  NAME=junit:PATH         a JUnit report
  NAME=k6:PATH            a summary or the points of k6

  Credentials come from the environment: CAPSTAN_SOURCE_<NAME>_USER with _PASSWORD, or _TOKEN,
  each also with _FILE behind it to name a file; and _CA_FILE, _CLIENT_CERT_FILE, _CLIENT_KEY_FILE.

Examples:
  capstan gate run --slo slo.yaml --sli sli.yaml --source prom=http://localhost:9090 \\
      --project shop --stage staging --service carts --label build=17
  capstan gate run --slo slo.yaml --source load=k6:summary.json --project shop --stage ci --service carts
  capstan gate run ... --timeframe 10m --settle 30s -o markdown > verdict.md"))]
pub(crate) struct RunArgs {
    /// The objectives
    #[arg(long, value_name = "FILE")]
    pub(crate) slo: PathBuf,
    /// The queries; of several files the later wins, indicator by indicator
    #[arg(long, value_name = "FILE")]
    pub(crate) sli: Vec<PathBuf>,
    /// Where values come from; the first serves the indicators that name none
    #[arg(long = "source", value_name = "NAME=TARGET", required = true, value_parser = SourceParser)]
    pub(crate) sources: Vec<SourceSpec>,
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    /// Begin of the window, such as 2024-01-02T15:00:00Z; with --end or --timeframe
    #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true)]
    pub(crate) start: String,
    /// End of the window; with --start
    #[arg(long, value_name = "TIME", default_value = "", hide_default_value = true)]
    pub(crate) end: String,
    /// Length of the window, such as 10m; it ends now, or begins with --start [default: 5m]
    #[arg(long, value_name = "DURATION", default_value = "", hide_default_value = true)]
    pub(crate) timeframe: String,
    /// How long to wait behind the end of the window for late samples
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = length, allow_hyphen_values = true)]
    pub(crate) settle: Duration,
    /// File with earlier evaluations, which this one is added to; 'none' compares with nothing and keeps nothing
    #[arg(long, value_name = "FILE", default_value = DEFAULT_HISTORY)]
    pub(crate) history: HistoryPath,
    /// How long the retrieval of all values may take
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = positive, allow_hyphen_values = true)]
    pub(crate) deadline: Duration,
    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,
}

impl RunArgs {
    pub(crate) fn error_format(&self) -> ErrorFormat {
        self.verdict.error_format()
    }

    /// The arguments that a command line stands for; its first word is a name. For those who run a gate from within.
    pub(crate) fn parse_words(words: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let matches = Self::augment_args(clap::Command::new("gate-run")).try_get_matches_from(words);
        matches.and_then(|matches| Self::from_arg_matches(&matches)).map_err(|error| Failure::plain(error.to_string()))
    }
}

fn positive(text: &str) -> Result<Duration, String> {
    length(text)
        .and_then(|length| if length.is_zero() { Err("it must be longer than 0".to_owned()) } else { Ok(length) })
}

fn length(text: &str) -> Result<Duration, String> {
    let nanoseconds =
        duration::parse(text).map_err(|_| "a duration is a number with a unit: 30s, 5m, 1h30m".to_owned())?;
    u64::try_from(nanoseconds).map(Duration::from_nanos).map_err(|_| "a duration cannot be negative here".to_owned())
}

/// A gate that is ready to run: every file is read and every argument is checked.
pub(crate) struct GateRun {
    args: RunArgs,
    slo: SloInput,
    retriever: Retriever,
    history: Option<HistoryFile>,
}

impl GateRun {
    /// Reads the files and opens the sources.
    pub(crate) fn prepare(args: &RunArgs) -> Result<Self, Failure> {
        let slo = read_slo(&args.slo)?;
        let retriever = Retriever::open(args, slo.slo())?;
        let history = match &args.history {
            HistoryPath::None => None,
            HistoryPath::File(path) => Some(HistoryFile::new(path)),
        };
        // What cannot be read or written is told before anyone waits for queries.
        if let Some(history) = &history {
            history.load()?;
            history.probe()?;
        }
        Ok(Self { args: args.clone(), slo, retriever, history })
    }

    /// Waits, asks, judges, and remembers.
    pub(crate) async fn judge(&self, progress: &Progress) -> Result<Report, Failure> {
        let args = &self.args;
        let window = timeframe::resolve(&args.start, &args.end, &args.timeframe, Timestamp::now())
            .map_err(|error| Failure::with_help(error.to_string(), window_help(&error)))?;
        settle(window, args.settle, progress).await?;
        let limits = Limits { deadline: args.deadline, ..Limits::default() };
        let subject = args.subject.subject();
        let get_sli = self.retriever.retrieve(&subject, window, &limits, progress).await;
        let Loaded { history, .. } = match &self.history {
            Some(file) => file.load()?,
            None => Loaded::default(),
        };
        let report = Report::judge(&self.slo, &subject, Some(window), &get_sli, &history, Timestamp::now()).map_err(
            |overflow| {
                let help = "take the evaluation that does not belong there out with 'capstan gate history invalidate'";
                Failure::with_help(overflow.to_string(), help)
            },
        )?;
        Ok(report)
    }

    /// Adds a verdict to the history. Without a verdict there is nothing to remember.
    pub(crate) fn remember(&self, report: &Report) -> Result<(), Failure> {
        match &self.history {
            Some(file) if report.verdict != Verdict::None => file.append(std::slice::from_ref(&report.event)),
            _ => Ok(()),
        }
    }
}

/// Runs a gate.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let gate = GateRun::prepare(args)?;
    let progress = Progress::on_terminal();
    let report = runtime()?.block_on(gate.judge(&progress));
    progress.clear();
    let report = report?;
    let remembered = gate.remember(&report);
    // The verdict is said even where it cannot be kept.
    print(&report::write(&report, args.verdict.output));
    remembered?;
    Ok(Exit::of(report.verdict, args.verdict.warning_ok))
}

/// The runtime of a command: one thread, since a gate waits more than it reckons.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::plain(format!("cannot start: {error}")))
}

/// Waits until `settle` has passed since the end of the window. An end that is yet to come is refused: whoever means to
/// wait for it would have to be told, and a clock that runs ahead would hold up a pipeline.
async fn settle(window: Window, settle: Duration, progress: &Progress) -> Result<(), Failure> {
    let ahead = window.end.duration_since(Timestamp::now());
    if ahead > CLOCK_SKEW {
        let message = format!("the window ends in {}", duration::display_seconds(ahead.as_secs()));
        return Err(Failure::with_help(message, "run the gate after the end of the window, and check the clock"));
    }
    let settled = SignedDuration::try_from(settle).unwrap_or(SignedDuration::MAX);
    let wait = settled.saturating_add(ahead);
    if let Some(wait) = Duration::try_from(wait).ok().filter(|wait| !wait.is_zero() && !settle.is_zero()) {
        progress.waiting(&format!("waiting {} s for late samples", wait.as_secs_f64().ceil()));
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

fn window_help(error: &timeframe::TimeframeError) -> &'static str {
    use timeframe::TimeframeError as E;
    match error {
        E::StartAlone => "add --end, or --timeframe",
        E::EndAndTimeframe => "give either --end or --timeframe",
        E::EndAlone => "add --start; for a window that ends now, --timeframe alone is enough",
        E::Timeframe(_) => "write --timeframe as 300s, 5m or 1h30m; there is no unit for days",
        E::Timestamp(_) => "the form is that of RFC 3339; for a window that ends now, --timeframe alone is enough",
        E::TooShort => "widen the window; a query may still look at less with a range of its own, such as [30s]",
        E::OutOfRange => "choose a shorter timeframe",
    }
}
