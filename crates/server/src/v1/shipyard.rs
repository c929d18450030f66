//! Shipyards as they are sent, and what is said of one that is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_model::diagnostic::position;
use capstan_model::shipyard::{Rejection, Rejections};

use crate::error::Failure;

/// The text of a shipyard in base64; as in v1 line breaks in it do not count.
pub(super) fn decode(sent: &str) -> Result<String, Failure> {
    let sent: String = sent.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = STANDARD
        .decode(sent)
        .map_err(|_| Failure::bad_request("Could not validate payload: could not decode shipyard content"))?;
    String::from_utf8(bytes).map_err(|_| {
        let message = "Could not validate payload: could not unmarshal provided shipyard content: it is no UTF-8";
        Failure::bad_request(message)
    })
}

/// What v1 would say first, then everything that is wrong, each with its place.
pub(super) fn refused(text: &str, rejections: &Rejections) -> Failure {
    let first = match rejections.iter().map(|(rejection, _)| rejection).min() {
        None | Some(Rejection::Unparsable) => "could not unmarshal provided shipyard content",
        Some(Rejection::NoStages) => "provided shipyard file is not valid: Shipyard must contain at least one stage",
        Some(_) => "provided shipyard file is not valid",
    };
    let mut message = format!("Could not validate payload: {first}");
    for (at, (_, diagnostic)) in rejections.iter().enumerate() {
        let place = position(text, diagnostic.span.start);
        let lead = if at == 0 { ": " } else { "\n" };
        message.push_str(&format!("{lead}{}:{}: {}", place.line, place.column, diagnostic.message));
        if let Some(help) = &diagnostic.help {
            message.push_str(&format!("; {help}"));
        }
    }
    Failure::bad_request(message)
}
