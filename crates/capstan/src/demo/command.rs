//! `capstan demo`: the sample service on its own, and three gates on it.

use capstan_engine::evaluate::Verdict;
use capstan_model::event::result::ResultKind;
use capstan_model::timeframe;
use clap::{Args, Subcommand};

use super::error::DemoError;
use super::perform::{perform, until_signalled};
use super::service::Service;
use super::stage::{ACTS, Act, Cue, Stage};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::gate::{GateRun, RunArgs, runtime};
use crate::history::HistoryPath;
use crate::report::{self, Format, Report};
use crate::terminal::{Progress, Style, print};

/// `capstan demo ...`
#[derive(Debug, Subcommand)]
pub(crate) enum DemoCommand {
    /// Three gates on a sample service: a good build, a slower one, a good one again
    #[command(
        long_about = "Three gates on a sample service with real load: a good build passes, a slower one keeps to its absolute \
limits but is stopped because it is slower than the build before, and a good one passes again.

Offline, in under a minute, and nothing is left behind. Where a prometheus executable is on the PATH (or named by \
CAPSTAN_PROMETHEUS) it is started on loopback and is the source; otherwise the load generator's own measurements are."
    )]
    Gate,
    /// Run the sample service by itself, until Ctrl-C
    Service(ServiceArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// Run the build that is slower
    #[arg(long)]
    slow: bool,
}

/// Runs a demo.
pub(crate) fn run(command: &DemoCommand) -> Result<Exit, Failure> {
    match command {
        DemoCommand::Gate => runtime()?.block_on(gates()),
        DemoCommand::Service(args) => runtime()?.block_on(service(args)),
    }
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        Self::plain(error.to_string())
    }
}

async fn service(args: &ServiceArgs) -> Result<Exit, Failure> {
    let act = &ACTS[usize::from(args.slow)];
    let service = Service::start(act.build).await?;
    let address = service.address();
    print(&format!(
        "build {} answers at http://{address}/, its metrics are at http://{address}/metrics\n",
        act.build.version
    ));
    until_signalled().await?;
    service.stop().await;
    Ok(Exit::Success)
}

/// The verdicts that the acts have to end with.
const EXPECTED: [ResultKind; 3] = [ResultKind::Pass, ResultKind::Fail, ResultKind::Pass];

async fn gates() -> Result<Exit, Failure> {
    let style = Style::stdout();
    let verdicts = perform(async |stage: &mut Stage| -> Result<Vec<Verdict>, Failure> {
        print(&format!("{stage}.\n"));
        let mut verdicts = Vec::new();
        for act in &ACTS {
            let title = format!("Build {}: {}", act.build.version, act.title);
            print(&format!("\n{}\n", style.bold(&title)));
            let report = judge(stage, act).await?;
            print(&format!("\n{}", report::write(&report, Format::Table)));
            verdicts.push(report.verdict);
        }
        Ok(verdicts)
    })
    .await?;
    if verdicts != EXPECTED.map(Verdict::Judged) {
        let message = "the gates did not end as they were meant to: pass, fail, pass";
        return Err(Failure::with_help(message, "the machine may be too busy for steady latencies; try again"));
    }
    print("\nThat was 'capstan gate run'. The second build kept to every absolute limit; history stopped it.\n");
    Ok(Exit::Success)
}

async fn judge(stage: &mut Stage, act: &Act) -> Result<Report, Failure> {
    let progress = Progress::on_terminal();
    progress.waiting("load on the service");
    let played = stage.play(act).await;
    progress.clear();
    let cue = played?;
    print(&format!("  {} requests, {} failed\n", cue.measured.requests, cue.measured.errors));
    let arguments = arguments(stage, &cue)?;
    print(&format!(
        "  $ capstan gate run --slo slo.yaml --sli sli.yaml --source {} --label build={} ...\n",
        cue.source, cue.build
    ));
    let gate = GateRun::prepare(&arguments)?;
    let report = gate.judge(&Progress::silent()).await?;
    gate.remember(&report)?;
    Ok(report)
}

fn arguments(stage: &Stage, cue: &Cue) -> Result<RunArgs, Failure> {
    let words = [
        "gate-run".to_owned(),
        format!("--slo={}", stage.slo().display()),
        format!("--sli={}", stage.sli().display()),
        format!("--source={}", cue.source),
        "--project=demo".to_owned(),
        "--stage=production".to_owned(),
        "--service=sample".to_owned(),
        format!("--label=build={}", cue.build),
        format!("--start={}", timeframe::display(cue.start)),
        format!("--end={}", timeframe::display(cue.end)),
    ];
    let mut arguments = RunArgs::parse_words(words)?;
    arguments.history = HistoryPath::File(stage.path("history.jsonl"));
    Ok(arguments)
}
