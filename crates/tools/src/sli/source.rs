//! The command-line form of a source: `NAME=TARGET`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::credentials::variable_prefix;

/// A source as named on the command line, not opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    /// What the source is called; made of letters, digits, `_` and `-`.
    pub name: String,
    /// What it reads from.
    pub target: Target,
}

/// What a source reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A server that speaks the query API of Prometheus, by its base address: http or https, free of credentials.
    Prometheus(Url),
    /// A file of results.
    File {
        /// What the file holds.
        format: FileFormat,
        /// Where it is, as given.
        path: PathBuf,
    },
}

/// What a file of results holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// Values by name, as JSON.
    Json,
    /// Samples of a `JMeter` run.
    Jtl,
    /// A `JUnit` XML report.
    Junit,
    /// The summary or the points of a k6 run.
    K6,
}

impl FileFormat {
    /// All of them, in the order in which help lists them.
    pub const ALL: [Self; 4] = [Self::Json, Self::Jtl, Self::Junit, Self::K6];

    /// The word before the colon on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jtl => "jtl",
            Self::Junit => "junit",
            Self::K6 => "k6",
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// Why a text is no `NAME=TARGET`. None of the messages repeats what may be a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// There is no `=` behind a name.
    #[error("'{shown}' has no name: write NAME={shown}, for instance {example}={shown}")]
    NoName {
        /// The text, without what may be a credential.
        shown: String,
        /// A name that would do.
        example: &'static str,
    },
    /// The name has other characters than it may have, or none.
    #[error("'{shown}' cannot be the name of a source: use letters, digits, '_' and '-'")]
    BadName {
        /// The name, without what may be a credential.
        shown: String,
    },
    /// Nothing follows the `=`.
    #[error(
        "source '{name}' has nothing behind the '=': write {name}=http://HOST:9090, or {name}=KIND:PATH where KIND is json, jtl, junit or k6"
    )]
    NoTarget {
        /// Name of the source.
        name: String,
    },
    /// A kind of file without a path.
    #[error("source '{name}' names no file: write {name}={format}:PATH")]
    NoPath {
        /// Name of the source.
        name: String,
        /// The kind that was given.
        format: FileFormat,
    },
    /// Neither a URL nor a kind of file.
    #[error(
        "source '{name}': '{shown}' is neither an address nor a file: write http://{shown} or https://{shown} for a Prometheus server, or json:, jtl:, junit: or k6: in front of a path"
    )]
    NoScheme {
        /// Name of the source.
        name: String,
        /// The target, without what may be a credential.
        shown: String,
    },
    /// The word before the colon is not known.
    #[error(
        "source '{name}': '{kind}:' is not a kind of source{}; there are http://, https://, json:, jtl:, junit: and k6:",
        .meant.as_ref().map(|meant| format!(", did you mean '{meant}'?")).unwrap_or_default()
    )]
    UnknownKind {
        /// Name of the source.
        name: String,
        /// The word that was given.
        kind: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// The address carries a user or a password.
    #[error(
        "source '{name}': other users of the machine can read a user or password in an argument: write {name}={shown} and set {variables}_USER with {variables}_PASSWORD or {variables}_PASSWORD_FILE, or {variables}_TOKEN or {variables}_TOKEN_FILE"
    )]
    CredentialsInUrl {
        /// Name of the source.
        name: String,
        /// The address without them.
        shown: String,
        /// What the names of the source's variables begin with.
        variables: String,
    },
    /// The address goes on with `?` or `#`.
    #[error(
        "source '{name}': leave out what follows '{shown}': the address is that of the server, queries are added to it"
    )]
    QueryInUrl {
        /// Name of the source.
        name: String,
        /// The address up to there.
        shown: String,
    },
    /// The address does not parse.
    #[error("source '{name}': '{shown}' is not an address: {cause}")]
    BadUrl {
        /// Name of the source.
        name: String,
        /// The address as given.
        shown: String,
        /// What is wrong with it.
        cause: url::ParseError,
    },
}

impl FromStr for SourceSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let no_name = || {
            let example = if text.contains("://") { "prom" } else { "results" };
            SpecError::NoName { shown: shown(text), example }
        };
        let (name, target) = text.split_once('=').ok_or_else(no_name)?;
        if name.contains("://") {
            return Err(no_name()); // the `=` is one of an address
        }
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            return Err(SpecError::BadName { shown: shown(name) });
        }
        Ok(Self { name: name.to_owned(), target: read_target(name, target)? })
    }
}

fn read_target(name: &str, target: &str) -> Result<Target, SpecError> {
    let no_scheme = || SpecError::NoScheme { name: name.to_owned(), shown: shown(target) };
    if target.is_empty() {
        return Err(SpecError::NoTarget { name: name.to_owned() });
    }
    if is_address(target) {
        return read_address(name, target).map(Target::Prometheus);
    }
    let (kind, rest) = target.split_once(':').ok_or_else(no_scheme)?;
    if let Some(format) = FileFormat::ALL.into_iter().find(|format| format.word() == kind) {
        return match rest {
            "" => Err(SpecError::NoPath { name: name.to_owned(), format }),
            path => Ok(Target::File { format, path: PathBuf::from(path) }),
        };
    }
    // `host:9090/path` and `user:password@host` are addresses that lack their scheme, and so is `[::1]:9090`.
    let port = rest.split('/').next().unwrap_or_default();
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_port || !is_word || (rest.contains('@') && !rest.contains("//")) {
        return Err(no_scheme());
    }
    Err(SpecError::UnknownKind { name: name.to_owned(), kind: kind.to_owned(), meant: meant(kind, rest) })
}

fn is_address(target: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn read_address(name: &str, target: &str) -> Result<Url, SpecError> {
    // Any `@` is taken for the end of a credential: a password with a slash in it would parse as host and path.
    if target.contains('@') {
        let scheme = target.split_once("://").map_or("http", |(scheme, _)| scheme);
        let host = after_credentials(target);
        let shown = format!("{scheme}://{host}");
        return Err(SpecError::CredentialsInUrl { name: name.to_owned(), shown, variables: variable_prefix(name) });
    }
    if let Some(end) = target.find(['?', '#']) {
        return Err(SpecError::QueryInUrl { name: name.to_owned(), shown: shown(&target[..end]) });
    }
    Url::parse(target).map_err(|cause| SpecError::BadUrl { name: name.to_owned(), shown: shown(target), cause })
}

/// What an unknown kind was probably meant to be.
fn meant(kind: &str, rest: &str) -> Option<String> {
    if is_address(rest) {
        return Some(shown(rest)); // `prometheus:http://host`
    }
    let kind = kind.to_ascii_lowercase();
    ["http", "https", "json", "jtl", "junit", "k6"]
        .into_iter()
        .map(|known| (strsim::osa_distance(&kind, known), known))
        .filter(|(distance, known)| distance * 2 <= known.len())
        .min()
        .map(|(_, known)| if known.starts_with("http") { format!("{known}://") } else { format!("{known}:") })
}

/// `text` as it may be shown: what stands before an `@` could be a password, what follows a `?` a token.
fn shown(text: &str) -> String {
    let text = match text.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') => format!("{scheme}://***@{}", after_credentials(rest)),
        None if text.contains('@') => format!("***@{}", after_credentials(text)),
        _ => text.split(['?', '#']).next().unwrap_or_default().to_owned(),
    };
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// What follows the last `@`, up to a query.
fn after_credentials(text: &str) -> &str {
    let rest = text.rsplit('@').next().unwrap_or_default();
    rest.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SourceSpec, String> {
        text.parse().map_err(|error: SpecError| error.to_string())
    }

    #[test]
    fn addresses_and_files() {
        for (text, address) in [
            ("prom=http://localhost:9090", "http://localhost:9090/"),
            ("eu-1_b=https://mon.example.org/prometheus", "https://mon.example.org/prometheus"),
            ("p=HTTP://HOST/", "http://host/"),
        ] {
            let spec = parse(text).unwrap();
            assert_eq!(spec.target, Target::Prometheus(address.parse().unwrap()), "{text}");
        }
        for (text, format, path) in [
            ("load=json:out/values.json", FileFormat::Json, "out/values.json"),
            ("load=jtl:a=b:c.jtl", FileFormat::Jtl, "a=b:c.jtl"),
            ("load=junit:/tmp/r.xml", FileFormat::Junit, "/tmp/r.xml"),
            ("load=k6:my@summary.json", FileFormat::K6, "my@summary.json"),
        ] {
            let spec = parse(text).unwrap();
            assert_eq!(spec.name, "load");
            assert_eq!(spec.target, Target::File { format, path: path.into() }, "{text}");
        }
    }

    #[test]
    fn errors_say_how_to_mend() {
        for (text, part) in [
            ("http://localhost:9090", "write NAME=http://localhost:9090, for instance prom=http"),
            ("http://localhost:9090/?a=b", "write NAME=http://localhost:9090/, for"),
            ("json:a.json", "for instance results=json:a.json"),
            ("=http://h", "'' cannot be the name of a source"),
            ("my prom=http://h", "use letters, digits, '_' and '-'"),
            ("prom=", "nothing behind the '='"),
            ("load=k6:", "write load=k6:PATH"),
            ("prom=localhost:9090", "write http://localhost:9090 or https://localhost:9090"),
            ("prom=localhost:9090/prometheus", "write http://localhost:9090/prometheus or"),
            ("prom=[::1]:9090", "write http://[::1]:9090 or"),
            ("load=summary.json", "json:, jtl:, junit: or k6: in front of a path"),
            ("load=jsn:a.json", "did you mean 'json:'?"),
            ("load=JUnit:a.xml", "did you mean 'junit:'?"),
            ("load=xml:a.xml", "'xml:' is not a kind of source; there are"),
            ("prom=htp://h:9090", "did you mean 'http://'?"),
            ("prom=https:/h", "did you mean 'https://'?"),
            ("prom=prometheus:http://h:9090", "did you mean 'http://h:9090'?"),
            ("prom=http://h/?token=x", "leave out what follows 'http://h/'"),
            ("prom=http://", "not an address: empty host"),
            ("prom=http://h:99999", "not an address: invalid port number"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn credentials_in_an_address_are_refused_with_a_hint() {
        let message = parse("eu-1=https://me:hunter2@host:9090/p").unwrap_err();
        for part in [
            "eu-1=https://host:9090/p",
            "CAPSTAN_SOURCE_EU_1_USER",
            "CAPSTAN_SOURCE_EU_1_PASSWORD_FILE",
            "CAPSTAN_SOURCE_EU_1_TOKEN",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn no_message_repeats_a_password() {
        for text in [
            "http://me:hunter2@host",
            "me:hunter2@host=http://h",
            "p=http://me:hunter2@host",
            "p=HTTPS://me:hunter2@host:99999",
            "p=http://me:hunter2/@host",
            "p=http://me:1/hunter2@host",
            "p=http://me:hun@ter2hunter2@host/x?y#z",
            "p=http://hunter2@host",
            "p=me:hunter2@host",
            "p=me:9090/hunter2@host",
            "p=hunter2@host",
            "p=htp://me:hunter2@host",
            "p=prometheus:http://me:hunter2@host",
            "p=http://host/?token=hunter2",
            "http://host/?token=hunter2",
        ] {
            let error = text.parse::<SourceSpec>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error}");
        }
    }
}
