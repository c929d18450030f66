//! `sli.yaml`: which query measures which indicator.

mod file;
mod lint;
mod read;

pub use file::SliFile;
pub use lint::lint;
pub use read::{ReadSli, SliMap, read};
