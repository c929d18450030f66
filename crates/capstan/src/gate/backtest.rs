use clap::Args;
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {}
impl BacktestArgs { pub(crate) fn error_format(&self) -> crate::cli::ErrorFormat { crate::cli::ErrorFormat::Drawn } }
pub(crate) fn run(_: &BacktestArgs) -> Result<crate::exit::Exit, crate::failure::Failure> { Ok(crate::exit::Exit::Success) }
