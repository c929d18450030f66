//! Arguments that the commands share that talk to a server.

use std::path::PathBuf;

use capstan_tools::sli::Secret;
use clap::Args;

use crate::failure::{Failure, read_text};

/// Where a server is where nothing says so; it is where 'capstan serve' listens where nothing says so.
pub(crate) const DEFAULT_SERVER: &str = "http://localhost:8080";

/// Where the server is, and what lets one in. The token itself is never an argument: others could read it there.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    #[arg(
        long,
        value_name = "URL",
        help_heading = "Server",
        help = "Where the server is [env: CAPSTAN_SERVER] [default: http://localhost:8080]"
    )]
    server: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Server",
        help = "File that holds the token of the server; without it CAPSTAN_TOKEN does"
    )]
    token_file: Option<PathBuf>,
}

/// Which project a command is about.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProjectArg {
    #[arg(long, value_name = "NAME", help = "The project [env: CAPSTAN_PROJECT]")]
    project: Option<String>,
}

/// Where something was found that a command line leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Flag,
    Variable,
    Default,
}

impl ServerArgs {
    /// The address as it was given, and where.
    pub(super) fn address(&self) -> (String, Origin) {
        match (&self.server, variable("CAPSTAN_SERVER")) {
            (Some(server), _) => (server.clone(), Origin::Flag),
            (None, Some(server)) => (server, Origin::Variable),
            (None, None) => (DEFAULT_SERVER.to_owned(), Origin::Default),
        }
    }

    /// The token, and the words for where it comes from; none where there is none.
    pub(super) fn token(&self) -> Result<Option<(Secret, String)>, Failure> {
        let Some(path) = &self.token_file else {
            return Ok(variable("CAPSTAN_TOKEN").map(|token| (Secret::new(token), "CAPSTAN_TOKEN".to_owned())));
        };
        let text = read_text(path)?;
        match text.trim() {
            "" => Err(Failure::with_help(
                format!("'{}' holds no token: it is empty", path.display()),
                "write the token that 'capstan serve' showed at its first start into it",
            )),
            token => Ok(Some((Secret::new(token), format!("'{}'", path.display())))),
        }
    }
}

impl ProjectArg {
    /// The project that was named, on the command line or in the environment.
    pub(crate) fn given(&self) -> Option<String> {
        self.project.clone().or_else(|| variable("CAPSTAN_PROJECT"))
    }

    /// The same where there has to be one.
    pub(crate) fn required(&self) -> Result<String, Failure> {
        self.given().ok_or_else(|| {
            Failure::with_help("it is not said which project", "name it with --project, or in CAPSTAN_PROJECT")
        })
    }
}

/// A variable that is empty counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
