//! From text to queries; several files lie over one another.

use std::collections::BTreeMap;

use super::file::SliFile;
use crate::diagnostic::Diagnostic;
use crate::yaml::{self, Decoder, FromYaml};

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSli {
    /// As written.
    pub file: SliFile,
    /// Findings about keys that nobody reads.
    pub unknown_keys: Vec<Diagnostic>,
}

/// Queries and sources by indicator, of one or several files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SliMap {
    /// The query of each indicator.
    pub indicators: BTreeMap<String, String>,
    /// The source of each indicator that names one.
    pub sources: BTreeMap<String, String>,
}

/// Reads a file; an empty one is valid and says nothing.
pub fn read(text: &str) -> Result<ReadSli, Vec<Diagnostic>> {
    let document = yaml::compose(text).map_err(|diagnostic| vec![diagnostic])?;
    let mut decoder = Decoder::new(&document);
    let file = document.root.and_then(|root| SliFile::from_yaml(&mut decoder, root)).unwrap_or_default();
    let (errors, unknown_keys) = decoder.finish();
    if errors.is_empty() { Ok(ReadSli { file, unknown_keys }) } else { Err(errors) }
}

impl SliMap {
    /// Lays a further file over this one, key by key: as v1 lays stage over project and service over stage.
    pub fn lay_over(&mut self, file: &SliFile) {
        let plain = |map: &Option<BTreeMap<String, yaml::Spanned<String>>>| {
            map.iter().flatten().map(|(name, text)| (name.clone(), text.value.clone())).collect::<Vec<_>>()
        };
        self.indicators.extend(plain(&file.indicators));
        self.sources.extend(plain(&file.sources));
    }
}
