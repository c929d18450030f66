//! The hash by which contexts are found.

use uuid::Uuid;

/// The key of a context: as good as random, and for ever the same, for it is in the file. Two contexts can have one key.
pub(in super::super) fn key(context: &str) -> i64 {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, context.as_bytes()).as_u64_pair().0 as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_are_in_files() {
        assert_eq!(key(""), 750_108_100_216_381_236);
        assert_eq!(key("c-1"), -898_060_858_851_042_770);
        assert_eq!(key("5e3ab6b1-0c43-4e0a-8c2b-3d4d5f6a7b8c"), -9_133_918_969_340_995_768);
    }
}
