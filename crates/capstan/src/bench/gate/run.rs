//! The bench from beginning to end.

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::arguments::{GateArgs, Profile};
use super::cell::{Cell, SourceKind};
use super::measure::{Measured, measure};
use super::provider::Providers;
use super::record::Record;
use super::table;
use crate::demo::{Stage, find_prometheus, perform_on};
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::gate::runtime;
use crate::terminal::{note, print};

/// Measures, shows the table, and writes the record.
pub(crate) fn run(args: &GateArgs) -> Result<Exit, Failure> {
    let cells: Vec<_> = Cell::all().into_iter().filter(|cell| cell.to_string().contains(&args.only)).collect();
    if cells.is_empty() {
        let message = format!("no row has '{}' in its name", args.only);
        return Err(Failure::with_help(message, "a name is SOURCE/SLIS/AT-ONCE, such as stub-0ms/100/1"));
    }
    let record = runtime()?.block_on(on_stage(args, cells))?;
    print(&table::write(&record));
    if let Some(path) = &args.out {
        write(path, &record)?;
    }
    Ok(Exit::Success)
}

/// Has the servers run while it measures on another thread, and ends them when it is done or a signal comes.
async fn on_stage(args: &GateArgs, cells: Vec<Cell>) -> Result<Record, Failure> {
    let wanted = cells.iter().any(|cell| matches!(cell.source, SourceKind::Up | SourceKind::Histogram));
    let executable: Option<PathBuf> = match &args.prometheus {
        _ if !wanted => None,
        Some(path) => Some(path.clone()),
        None => find_prometheus()?,
    };
    if wanted && executable.is_none() {
        note(
            "no Prometheus is measured: there is none on PATH, and neither --prometheus nor CAPSTAN_PROMETHEUS names one\n",
        );
    }
    let (profile, with_data) = (args.profile, executable.is_some());
    let script = async move |stage: &mut Stage| -> Result<Record, Failure> {
        let providers = Providers::on(stage, with_data).await?;
        let (done, record) = oneshot::channel();
        // After a signal nobody waits for it any more, and it ends with the process.
        std::thread::spawn(move || {
            let _ = done.send(measure_all(providers, &cells, profile));
        });
        record.await.unwrap_or_else(|_| Err(Failure::plain("the bench panicked")))
    };
    perform_on(Stage::with(executable.as_deref()), script).await
}

fn measure_all(mut providers: Providers, cells: &[Cell], profile: Profile) -> Result<Record, Failure> {
    let (began, begun) = (Timestamp::now(), Instant::now());
    let cells: Vec<_> = cells.iter().copied().filter(|cell| providers.have(cell.source)).collect();
    let mut rows: Vec<Measured> = Vec::with_capacity(cells.len());
    for (number, cell) in (1..).zip(&cells) {
        note(&format!("[{number}/{}] {cell}\n", cells.len()));
        let task = providers.task(*cell)?;
        rows.push(measure(*cell, task, profile.pace())?);
    }
    Ok(Record::new(began, begun.elapsed(), profile, providers.prometheus_version(), &rows))
}

fn write(path: &Path, record: &Record) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(record).map_err(|error| Failure::plain(error.to_string()))?;
    std::fs::write(path, text + "\n")
        .map_err(|error| Failure::plain(format!("cannot write '{}': {}", path.display(), reason(&error))))
}
