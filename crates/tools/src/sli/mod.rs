//! Values of service level indicators: where they come from and how they are asked for.

mod collect;
mod credentials;
pub mod discover;
pub mod file;
mod open;
pub mod prometheus;
mod request;
mod secret;
mod source;

pub use collect::{Limits, collect};
pub use credentials::{ClientCertificate, CredentialError, Credentials, Login, PemFile};
pub use open::{OpenError, Source};
pub use request::{Answer, Failure, Indicator, Scope};
pub use secret::Secret;
pub use source::{FileFormat, SourceSpec, SpecError, Target};
