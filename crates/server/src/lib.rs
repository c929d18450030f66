//! The HTTP surface: routes by noun; each parses, calls the runtime and answers. Below `/api` it has the shapes of Keptn v1
//! (contract: surfaces.md 1), below `/api/capstan/v1` its own.

mod auth;
mod body;
mod capstan;
mod connections;
mod error;
mod family;
mod front;
mod health;
mod idempotency;
mod metrics;
mod paging;
mod params;
mod routes;
mod slashes;
mod state;
mod v1;

pub use capstan::openapi::document;
pub use connections::serve;
pub use front::Front;
pub use metrics::{About, Metrics};
pub use state::Means;
