//! `capstan serve`, from start to end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::ListenerExt as _;
use capstan_server::{Front, Means};
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::data_dir::DataDir;
use super::house::House;
use super::logging;
use super::settings::{Resolved, SettingsArgs, resolve};
use super::token::{self, Token};
use crate::exit::Exit;
use crate::failure::{Failure, reason};
use crate::signals::Signals;
use crate::terminal::print;

/// `capstan serve`
#[derive(Debug, Args)]
#[command(
    after_help = "Each setting can be a flag, a variable, or a key of the TOML file; the first of these that is given
counts. 'capstan config explain' shows what counts and why. The token that clients send as x-token
comes from CAPSTAN_TOKEN, or is made at the first start and shown once.

SIGTERM or Ctrl-C lets requests under way end, at most as long as --drain says; a second one ends at
once.

Examples:
  capstan serve
  capstan serve --data /var/lib/capstan --listen 0.0.0.0:8080
  capstan serve --config /etc/capstan.toml"
)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Serves until a signal ends it.
pub(crate) fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    let environment = |name: &str| std::env::var_os(name);
    let resolved = resolve(&args.settings, &environment)?;
    // Also wrong input, and told like it: before anything is made.
    token::given(&environment)?;
    logging::start(&resolved.settings)?;
    let data = DataDir::open(&resolved.settings.data, &resolved.source("data").to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::plain(format!("cannot start the server: {}", reason(&error))))?;
    let outcome = runtime.block_on(serve(&resolved, &data));
    // Requests that did not end in time are left where they stand; the process ends now.
    runtime.shutdown_background();
    outcome
}

async fn serve(resolved: &Resolved, data: &DataDir) -> Result<Exit, Failure> {
    let settings = &resolved.settings;
    let failed = |error: &io::Error| Failure::plain(format!("cannot start the server: {}", reason(error)));
    let mut signals = Signals::new().map_err(|error| failed(&error))?;
    // Before the token: a token that is shown belongs to a server that runs. Who connects now waits until all is ready.
    let listener = bind(resolved).await?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let house = House::open(settings, data).await?;
    let token = Token::open(data.path(), &|name| std::env::var_os(name), |text| {
        print(&format!(
            "The token of this server, shown this once; clients send it as x-token:\n\n    {text}\n\n\
             Lost it? Remove '{}' and start the server again.\n",
            data.path().join(token::FILE).display()
        ));
    })?;
    let (ready, readiness) = watch::channel(true);
    let (stop, stopping) = watch::channel(false);
    let listener = listener.tap_io(|stream| {
        // Answers are written as a whole; to hold them back for more gains nothing. Where it fails they are a bit slower.
        let _ = stream.set_nodelay(true);
    });
    let front = Front::new(Means {
        handle: house.handle.clone(),
        projects: Arc::clone(&house.projects),
        token: Arc::new(move |presented| token.matches(presented)),
        ready: Arc::new(move || *readiness.borrow()),
        metrics: Arc::clone(&house.metrics),
        traced: settings.otlp_endpoint.is_some(),
        patience: settings.patience,
        stopping: stopping.clone(),
    });
    let server = capstan_server::serve(listener, front, settings.patience, stopping);
    tokio::pin!(server);
    info!(%address, data = %data.path().display(), version = env!("CARGO_PKG_VERSION"), "serving");
    debug!(?settings, "settings");
    print(&format!("Capstan listens on {}, with its data in '{}'\n", url(address), data.path().display()));
    let signal = tokio::select! {
        () = &mut server => return Ok(Exit::Success),
        signal = signals.next() => signal,
    };
    info!(signal, drain = ?settings.drain, "stopping");
    ready.send_replace(false);
    stop.send_replace(true);
    tokio::select! {
        ended = tokio::time::timeout(settings.drain, &mut server) => if ended.is_ok() {
            info!("every request has ended");
        } else {
            warn!("requests that are still under way are cut off");
        },
        signal = signals.next() => {
            warn!(signal, "stopped at once; requests that were under way are cut off");
            return Ok(Exit::Fail);
        }
    }
    house.close().await;
    info!("stopped");
    Ok(Exit::Success)
}

async fn bind(resolved: &Resolved) -> Result<TcpListener, Failure> {
    let listen = &resolved.settings.listen;
    TcpListener::bind(listen).await.map_err(|error| {
        let message = format!("cannot listen on '{listen}' ({}): {}", resolved.source("listen"), reason(&error));
        let help = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there; stop it, or choose another port with --listen",
            io::ErrorKind::AddrNotAvailable => "this is no address of this machine; 0.0.0.0 listens on all of them",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose a higher one with --listen",
            _ => "check the host in --listen; 127.0.0.1 is for this machine alone, 0.0.0.0 for all that reach it",
        };
        Failure::with_help(message, help)
    })
}

/// Where to reach the server from here: an address that stands for all of them is none to connect to everywhere.
fn url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_to_connect_to() {
        for (address, expected) in [
            ("0.0.0.0:80", "http://localhost:80"),
            ("[::]:80", "http://localhost:80"),
            ("[::1]:80", "http://[::1]:80"),
            ("10.0.0.1:80", "http://10.0.0.1:80"),
        ] {
            assert_eq!(url(address.parse().unwrap()), expected);
        }
    }
}
