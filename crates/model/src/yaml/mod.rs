//! YAML as Keptn v1 reads it: libyaml's grammar, and the typing rules of Go's yaml.v3 for fields of a known type.
//!
//! Only the first document of a file is read. Every node keeps its place, so that later checks can point at it.

mod compose;
mod decode;
mod emit;
mod node;
mod scalar;
mod value;

pub use compose::compose;
pub use decode::{Decoder, FromYaml, Spanned, Truncated};
pub use emit::emit;
pub use node::{Document, Node, NodeId, NodeKind};
