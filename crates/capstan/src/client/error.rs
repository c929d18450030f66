//! What can go wrong between a command and a server, and what it means to the one who types.

use std::error::Error;
use std::io;

use serde::Deserialize;

use crate::failure::Failure;

/// Why a request came to nothing.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// No connection came about, or it broke.
    Unreachable {
        /// What the connection says.
        cause: String,
        /// Whether the request may have arrived all the same.
        sent: bool,
    },
    /// The two cannot agree on TLS.
    Tls {
        /// What TLS says.
        cause: String,
        /// How to mend it.
        help: &'static str,
    },
    /// The token is missing or wrong.
    Unauthorized {
        /// Where the token came from; none where there was none.
        token: Option<String>,
    },
    /// The server is busy or stopping.
    Busy {
        /// What it says.
        message: String,
        /// After how many seconds it wants to be asked again.
        after: u64,
    },
    /// The server refuses, and says why.
    Refused(Problem),
    /// Something answers that is no Capstan server.
    Stranger {
        /// What it does instead.
        does: String,
    },
}

/// What a server says of a request that it refuses.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// The status of the answer.
    #[serde(skip)]
    pub(crate) status: u16,
    /// A sentence.
    pub(crate) message: String,
    /// What is wrong with a file that came with the request.
    pub(crate) diagnostics: Vec<Finding>,
}

/// Something that is wrong with a file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Finding {
    /// Its stable code.
    pub(crate) code: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) help: Option<String>,
}

impl ClientError {
    /// What a connection's error means.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if let Some(tls) = tls_error(error) {
            let help = match tls {
                rustls::Error::InvalidCertificate(_) => {
                    "if the server has a CA of its own, name its certificate in SSL_CERT_FILE"
                }
                rustls::Error::InvalidMessage(_) => "does the server speak plain http? Then write http:// in --server",
                _ => "check the certificate of the server, or of the proxy before it",
            };
            return Self::Tls { cause: tls.to_string(), help };
        }
        let cause = match () {
            () if error.is_connect() && error.is_timeout() => "no connection within 5 seconds".to_owned(),
            () if error.is_timeout() => "no answer within 30 seconds".to_owned(),
            () => root(error),
        };
        Self::Unreachable { cause, sent: !error.is_connect() }
    }

    /// Whether the connection is at fault, or the server for a moment: later it may go well.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }

    /// The same for the one who typed the command; `address` is where the server was looked for.
    pub(crate) fn failure(self, address: &str) -> Failure {
        match self {
            Self::Unreachable { cause, sent: false } => Failure::with_help(
                format!("no server at {address}: {cause}"),
                "start one with 'capstan serve', or say where it is with --server or CAPSTAN_SERVER",
            ),
            Self::Unreachable { cause, sent: true } => Failure::with_help(
                format!("the connection to {address} broke: {cause}"),
                "look whether the server runs; what was asked for may have happened all the same",
            ),
            Self::Tls { cause, help } => Failure::with_help(format!("no safe connection to {address}: {cause}"), help),
            Self::Unauthorized { token: None } => Failure::with_help(
                format!("the server at {address} wants a token, and there is none"),
                "set CAPSTAN_TOKEN to it, or name a file that holds it with --token-file; the server showed it at its first start",
            ),
            Self::Unauthorized { token: Some(from) } => Failure::with_help(
                format!("the server at {address} does not take the token from {from}"),
                "it is the one that the server showed at its first start, or that its own CAPSTAN_TOKEN holds",
            ),
            Self::Busy { message, .. } => {
                Failure::with_help(format!("the server at {address} is busy: {message}"), "try again in a moment")
            }
            Self::Refused(problem) => problem.failure(),
            Self::Stranger { does } => Failure::with_help(
                format!("what answers at {address} is no Capstan server that this command knows: {does}"),
                "check --server or CAPSTAN_SERVER; it is the address that 'capstan serve' tells, without a path of the API",
            ),
        }
    }
}

impl Problem {
    fn failure(self) -> Failure {
        let mut message = self.message;
        for finding in &self.diagnostics {
            message
                .push_str(&format!("\n  {}:{}: {} [{}]", finding.line, finding.column, finding.message, finding.code));
            if let Some(help) = &finding.help {
                message.push_str(&format!("\n    help: {help}"));
            }
        }
        Failure::plain(message)
    }
}

/// The TLS error in the chain. One that an I/O error wraps is no source of it, so that has to be looked into.
fn tls_error<'e>(error: &'e reqwest::Error) -> Option<&'e rustls::Error> {
    let mut link: Option<&'e (dyn Error + 'static)> = Some(error);
    while let Some(error) = link {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let wrapped = wrapped.map(|inner| inner as &(dyn Error + 'static));
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        link = wrapped.or_else(|| error.source());
    }
    None
}

/// The last cause in the chain, in small letters: the links before it only say that a request did not work.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match cause.downcast_ref::<io::Error>() {
        Some(error) => crate::failure::reason(error),
        // The outermost link shows the whole address.
        None if error.source().is_none() => "the request failed".to_owned(),
        None => cause.to_string(),
    }
}
