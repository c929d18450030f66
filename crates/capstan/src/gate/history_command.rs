use clap::Subcommand;
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {A}
impl HistoryCommand { pub(crate) fn error_format(&self) -> crate::cli::ErrorFormat { crate::cli::ErrorFormat::Drawn } }
pub(crate) fn run(_: HistoryCommand) -> Result<crate::exit::Exit, crate::failure::Failure> { Ok(crate::exit::Exit::Success) }
