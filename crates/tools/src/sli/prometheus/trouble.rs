//! What an error of the connection means.

use std::error::Error;
use std::io;

use capstan_model::event::sli::MissingReason;
use rustls::AlertDescription;

use super::answer::one_line;
use super::client::Reach;

/// How much of the text of an error a message repeats, in characters.
const TEXT: usize = 300;

/// An error of the connection.
pub(super) struct Trouble {
    pub(super) reason: MissingReason,
    /// The cause, with a hint where there is one.
    pub(super) text: String,
    pub(super) reach: Reach,
    /// Whether another attempt may do better.
    pub(super) again: bool,
}

/// What `error` means for a source whose variables begin with `variables`.
pub(super) fn trouble(error: &reqwest::Error, variables: &str) -> Trouble {
    let reach = if error.is_connect() { Reach::Unreachable } else { Reach::Answered };
    let transport = |text| Trouble { reason: MissingReason::Transport, text, reach, again: true };
    let Some(tls) = tls_error(error) else {
        return if error.is_connect() && error.is_timeout() {
            transport("no connection within 5 seconds".to_owned())
        } else {
            transport(root(error))
        };
    };
    let text = one_line(&tls.to_string(), TEXT);
    match tls {
        // A certificate does not get better within a second.
        rustls::Error::InvalidCertificate(_) => Trouble {
            again: false,
            ..transport(format!("{text}; if the server has a CA of its own, name that by {variables}_CA_FILE"))
        },
        rustls::Error::InvalidMessage(_) => {
            Trouble { again: false, ..transport(format!("{text}; does the server speak plain http?")) }
        }
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::AccessDenied,
        ) => {
            let text = format!("{text}; check {variables}_CLIENT_CERT_FILE and {variables}_CLIENT_KEY_FILE");
            Trouble { reason: MissingReason::Login, text, reach, again: false }
        }
        _ => transport(text),
    }
}

/// The TLS error in the chain. One that an I/O error wraps is no source of it, so that has to be looked into.
fn tls_error<'e>(error: &'e reqwest::Error) -> Option<&'e rustls::Error> {
    let mut link: Option<&'e (dyn Error + 'static)> = Some(error);
    while let Some(error) = link {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let mut wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        while let Some(error) = wrapped {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Some(tls);
            }
            wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        }
        link = error.source();
    }
    None
}

/// The last cause in the chain: the links before it only say that a request did not work.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    // The outermost link shows the whole address.
    let text = if error.source().is_none() { "the request failed".to_owned() } else { cause.to_string() };
    one_line(&text, TEXT)
}
