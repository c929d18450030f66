//! Ids of what the engine makes: the same cause gives the same id.

use jiff::Timestamp;
use uuid::Uuid;

/// Keeps these hashes apart from all others.
const SPACE: Uuid = Uuid::from_u128(0x6f1d_3c1a_52b4_5d0e_9a7e_0c4b_8d2f_4e61);

/// A `UUIDv8` (RFC 9562): 48 bits of milliseconds, so that inserts stay in order, the rest a hash of the parts.
pub fn derive(at: Timestamp, parts: &[&str]) -> String {
    // No part can hold the separator, or two lists could read alike: it is no character of a name or an id.
    let hash = Uuid::new_v5(&SPACE, parts.join("\u{1f}").as_bytes());
    let mut bytes = *hash.as_bytes();
    let millis = at.as_millisecond().max(0) as u64;
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// A context that is no UUID becomes one, always the same, as in v1 (contract: core.md 1.1): its first 16 bytes, padded
/// with blanks, are the random bytes of a `UUIDv4`.
pub fn context_from(text: &str) -> String {
    if Uuid::parse_str(text).is_ok() {
        return text.to_owned();
    }
    let mut bytes = [b' '; 16];
    for (slot, byte) in bytes.iter_mut().zip(text.bytes()) {
        *slot = byte;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cause_gives_the_same_id_and_later_ones_sort_after() {
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let id = derive(at(1_000), &["s", "1"]);
        assert_eq!(id, derive(at(1_000), &["s", "1"]));
        assert_ne!(id, derive(at(1_000), &["s1", ""]));
        assert!(id < derive(at(1_001), &["s", "1"]));
        assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 8);
    }

    #[test]
    fn a_context_that_is_no_uuid_always_becomes_the_same_one() {
        let uuid = "16e5f3a2-0f0c-4a09-8ea6-6a5f8f2f0f7e";
        assert_eq!(context_from(uuid), uuid);
        assert_eq!(context_from("my-run"), "6d792d72-756e-4020-a020-202020202020");
        assert_ne!(context_from("my-run"), context_from("my-run2"));
    }
}
