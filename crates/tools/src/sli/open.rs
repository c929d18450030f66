//! From the name of a source to something that can be asked.

use super::credentials::Credentials;
use super::file::{FileError, FileSource};
use super::prometheus::{ClientError, PrometheusSource};
use super::source::{SourceSpec, Target};

/// A source that is ready to be asked.
#[derive(Debug)]
pub enum Source {
    /// A server.
    Prometheus(PrometheusSource),
    /// A file, read.
    File(FileSource),
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A server, by its address, credentials or certificates. Whether it answers shows with the first query.
    #[error("source '{name}': {cause}")]
    Prometheus {
        /// Name of the source.
        name: String,
        /// What is wrong.
        cause: Box<ClientError>,
    },
    /// A file.
    #[error("source '{name}': {cause}")]
    File {
        /// Name of the source.
        name: String,
        /// What is wrong.
        cause: FileError,
    },
}

impl Source {
    /// Opens what `spec` names: reads a file, prepares for a server without connecting to it yet.
    ///
    /// `env` looks up an environment variable; credentials come from there.
    pub fn open(spec: &SourceSpec, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, OpenError> {
        let name = &spec.name;
        match &spec.target {
            Target::Prometheus(base) => Credentials::read(name, env)
                .map_err(ClientError::from)
                .and_then(|credentials| PrometheusSource::new(name, base, &credentials))
                .map(Self::Prometheus)
                .map_err(|cause| OpenError::Prometheus { name: name.clone(), cause: Box::new(cause) }),
            Target::File { format, path } => FileSource::open(*format, path)
                .map(Self::File)
                .map_err(|cause| OpenError::File { name: name.clone(), cause }),
        }
    }
}
