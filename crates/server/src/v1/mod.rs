//! The shapes of Keptn v1 (contract: surfaces.md 1.3 to 1.6).

mod auth;
mod control;
mod datastore;
mod event;
mod execution;
mod metadata;
mod project;
mod rendered;
mod resource;
mod routes;
mod sequence;
mod service;
mod shipyard;
mod stage;
mod triggered;
mod view;

pub(crate) use event::spare_attributes;
pub(crate) use routes::router;
