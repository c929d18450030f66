use clap::Args;
#[derive(Debug, Args)]
pub(crate) struct InitArgs {}
impl InitArgs {
    pub(crate) fn error_format(&self) -> crate::cli::ErrorFormat {
        crate::cli::ErrorFormat::Drawn
    }
}
pub(crate) fn run(_: &InitArgs) -> Result<crate::exit::Exit, crate::failure::Failure> {
    Ok(crate::exit::Exit::Success)
}
