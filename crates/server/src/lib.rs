//! The HTTP surface: routes by noun; each parses, calls the runtime and answers.
