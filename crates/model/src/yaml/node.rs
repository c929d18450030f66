//! A YAML document as a flat list of nodes.

use std::borrow::Cow;

use crate::diagnostic::Span;

/// Place of a node in its document.
pub type NodeId = usize;

/// One node with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Explicit or implied tag in short form (`!!str`); none where a plain scalar speaks for itself.
    pub tag: Option<Cow<'static, str>>,
    /// Where it stands.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Text, number, truth value or null: its meaning depends on tag and wanted type.
    Scalar(String),
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys with their values, in the order of the file; keys may repeat.
    Mapping(Vec<(NodeId, NodeId)>),
    /// `*name`, with the node that it stands for.
    Alias(String, NodeId),
}

/// The first document of a file.
///
/// The nodes lie in one list rather than in a tree, so that a file nested a million levels deep costs memory and
/// not stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub(super) nodes: Vec<Node>,
    /// The topmost node; none in a file that holds nothing but comments.
    pub root: Option<NodeId>,
    /// Where the file goes on behind its first document, if it does.
    pub rest: Option<Span>,
    /// Length of the file in bytes.
    pub length: usize,
}

impl Document {
    /// The node at a place.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The node at a place, with aliases followed.
    pub fn resolved(&self, id: NodeId) -> &Node {
        &self.nodes[self.resolved_id(id)]
    }

    /// The place of the node at a place, with aliases followed.
    pub fn resolved_id(&self, mut id: NodeId) -> NodeId {
        // Ends: an alias refers to an earlier node, and only aliases are followed.
        while let NodeKind::Alias(_, target) = &self.nodes[id].kind {
            id = *target;
        }
        id
    }
}
