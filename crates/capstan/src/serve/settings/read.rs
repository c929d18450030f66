//! Reads the values of settings from text.

use std::path::PathBuf;
use std::time::Duration;

use capstan_model::diagnostic::did_you_mean;
use capstan_model::duration;
use capstan_runtime::ports::Keep;
use reqwest::Url;
use tracing_subscriber::EnvFilter;

use super::{LogFormat, Wrong};

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

fn wrong<T>(is: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { is: is.into(), help: help.into() })
}

pub(super) fn path(text: &str) -> Result<PathBuf, Wrong> {
    if text.trim().is_empty() {
        return wrong("no directory: it is empty", "name a directory, such as ./capstan-data");
    }
    Ok(PathBuf::from(text))
}

/// Host and port. The host is looked up later, when there is something to listen for.
pub(super) fn address(text: &str) -> Result<String, Wrong> {
    let no = |why: &str| {
        let help = "write HOST:PORT, such as 127.0.0.1:8080, or 0.0.0.0:8080 to be reached from elsewhere";
        wrong(format!("no address: '{text}' {why}"), help)
    };
    if text.contains("://") {
        return no("is a URL");
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return no(if text.parse::<u16>().is_ok() { "has no host" } else { "has no port" });
    };
    match host {
        "" => no("has no host"),
        _ if host.starts_with('[') != host.ends_with(']') || (host.contains(':') && !host.starts_with('[')) => {
            no("has an IPv6 address that is not in brackets, as in [::1]:8080")
        }
        _ if port.parse::<u16>().is_err() => no("has no port between 0 and 65535"),
        _ => Ok(text.to_owned()),
    }
}

/// The base of a receiver's addresses.
pub(super) fn endpoint(text: &str) -> Result<Option<Url>, Wrong> {
    const HELP: &str = "write http://HOST:PORT or https://HOST, without /v1/traces; or off";
    if text == "off" {
        return Ok(None);
    }
    // What is wrong is told without the text: it may hold a password.
    match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => wrong(
            "no endpoint: it holds a name or a password",
            "give what lets us in as headers, in CAPSTAN_OTLP_HEADERS",
        ),
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => {
            wrong("no endpoint: it is no URL of HTTP", HELP)
        }
        Ok(url) => match url.path().trim_end_matches('/').strip_suffix("/v1/traces") {
            None => Ok(Some(url)),
            Some(path) => {
                let base = format!("{}{}", url.origin().ascii_serialization(), path);
                let is = "no endpoint: it ends in /v1/traces, which is added to it";
                wrong(is, format!("write what is before that: {base}"))
            }
        },
        Err(_) => wrong("no endpoint: it is no URL of HTTP", HELP),
    }
}

/// How often something may happen.
pub(super) fn count(text: &str) -> Result<u32, Wrong> {
    const MOST: u32 = 1_000;
    match text.trim().parse() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(count),
        _ => wrong(format!("no number from 1 to {MOST}: '{text}'"), "write a whole number, such as 3"),
    }
}

/// A filter of `tracing`. It takes a lone word that is no level for the name of a module, and then logs next to nothing;
/// who writes 'inof' does not mean that.
pub(super) fn log_filter(text: &str) -> Result<String, Wrong> {
    let help = "write a level (error, warn, info, debug, trace, off), or by module: info,capstan=debug";
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    if text.trim().is_empty() {
        return wrong("no filter: it is empty", help);
    }
    // Inside a directive's brackets fields stand, with commas and signs of their own: those are for the parser alone.
    if !text.contains('[') {
        for directive in text.split(',').map(str::trim) {
            let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
            if !is_level(level) {
                let help =
                    did_you_mean(level, LEVELS).map_or(help.to_owned(), |near| format!("did you mean '{near}'?"));
                return wrong(format!("no filter: '{level}' is no level"), help);
            }
        }
    }
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => wrong(format!("no filter: '{text}': {error}"), help),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, Wrong> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => wrong(format!("no log format: '{text}'"), "write text or json"),
    }
}

/// A time, 0 too.
pub(super) fn duration(text: &str) -> Result<Duration, Wrong> {
    let no =
        |why: &str| wrong(format!("no duration: '{text}' {why}"), "write a number with a unit: 30s, 10m, 1h30m, 2d");
    match duration::parse_with_days(text) {
        Ok(nanoseconds) => match u64::try_from(nanoseconds) {
            Ok(nanoseconds) => Ok(Duration::from_nanos(nanoseconds)),
            Err(_) => no("is less than nothing"),
        },
        Err(error) => no(&error.why()),
    }
}

/// How long something is kept.
pub(super) fn keep(text: &str) -> Result<Keep, Wrong> {
    Keep::parse(text).map_err(|is| Wrong { is, help: Keep::HELP.to_owned() })
}

/// A time after which something is given up: 0 would be at once.
pub(super) fn timeout(text: &str) -> Result<Duration, Wrong> {
    match duration(text)? {
        Duration::ZERO => wrong(format!("no timeout: '{text}' would be over before it began"), "write more than 0s"),
        some => Ok(some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["127.0.0.1:8080", "localhost:0", "[::1]:8080", "0.0.0.0:65535", "capstan.internal:80"] {
            assert_eq!(address(good).as_deref(), Ok(good));
        }
        for bad in ["", "8080", ":8080", "localhost", "::1:8080", "[::1:80", "localhost:http", "h:65536", "http://h:80"]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn endpoints() {
        assert_eq!(endpoint("off"), Ok(None));
        for good in ["http://localhost:4318", "https://traces.example/otlp/"] {
            assert_eq!(endpoint(good).unwrap().unwrap().as_str().trim_end_matches('/'), good.trim_end_matches('/'));
        }
        for bad in ["", "on", "localhost:4318", "grpc://h:4317", "http://u:secret@h", "http://u@h"] {
            let wrong = endpoint(bad).unwrap_err();
            assert!(!wrong.is.contains("secret"), "{bad}");
        }
        for (whole, base) in
            [("http://h:4318/v1/traces", "http://h:4318"), ("https://h/otlp/v1/traces/?key=secret", "https://h/otlp")]
        {
            assert_eq!(endpoint(whole).unwrap_err().help, format!("write what is before that: {base}"));
        }
    }

    #[test]
    fn filters() {
        for good in
            ["info", "WARN", "info,capstan=debug", "capstan_server=trace, warn", "off", "capstan[span{a=1}]=info"]
        {
            assert_eq!(log_filter(good).as_deref(), Ok(good));
        }
        assert_eq!(log_filter("inof").unwrap_err().help, "did you mean 'info'?");
        for bad in ["", "verbose", "info,capstan", "capstan=loud", "info,", "capstan[=info"] {
            assert!(log_filter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for (bad, is) in [
            ("5", "no duration: '5' has no unit"),
            ("-5s", "no duration: '-5s' is less than nothing"),
            ("5 min", "no duration: '5 min' has a blank in it: write it without"),
            ("soon", "no duration: 'soon' is no number with a unit"),
        ] {
            assert_eq!(duration(bad).unwrap_err().is, is);
        }
        assert!(timeout("0s").is_err());
    }
}
