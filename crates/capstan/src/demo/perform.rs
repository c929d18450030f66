//! Runs something on the stage, and clears the stage whatever comes of it.

use super::error::DemoError;
use super::stage::Stage;

/// Sets the stage, runs `script` on it, and leaves nothing behind: not when the script fails, and not when a signal
/// asks the process to end (`Ctrl-C`, `SIGTERM` or `SIGHUP`), which ends the script at its next await with
/// [`DemoError::Interrupted`]. The script must return and not exit the process.
pub(crate) async fn perform<T, E>(script: impl AsyncFnOnce(&mut Stage) -> Result<T, E>) -> Result<T, E>
where
    E: From<DemoError>,
{
    perform_on(Stage::set(), script).await
}

/// Like [`perform`], on a stage that is set as `setting` says.
pub(crate) async fn perform_on<T, E>(
    setting: impl Future<Output = Result<Stage, DemoError>>,
    script: impl AsyncFnOnce(&mut Stage) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<DemoError>,
{
    // From here on a signal no longer ends the process by itself.
    let mut signals = Signals::new()?;
    let mut stage = tokio::select! {
        stage = setting => stage?,
        () = signals.any() => return Err(DemoError::Interrupted.into()),
    };
    let outcome = tokio::select! {
        outcome = script(&mut stage) => outcome,
        () = signals.any() => Err(DemoError::Interrupted.into()),
    };
    stage.strike().await;
    outcome
}

/// Waits for a signal that asks the process to end.
pub(crate) async fn until_signalled() -> Result<(), DemoError> {
    Signals::new()?.any().await;
    Ok(())
}

/// The signals that ask the process to end.
#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, DemoError> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(DemoError::Signals);
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?]))
    }

    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self, DemoError> {
        Ok(Self)
    }

    async fn any(&mut self) {
        // Without a way to hear of it there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
