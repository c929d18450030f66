//! Which versions of the format are read: as in v1, a semantic version in a lenient notation, 0.2 or later.

/// What `apiVersion` begins with; it may be left out.
const PREFIX: &str = "spec.keptn.sh/";

/// Whether `apiVersion` names a version at all.
pub(super) fn is_version(api_version: &str) -> bool {
    parse(api_version).is_some()
}

/// Whether `apiVersion` names a version that is read: 0.2 or later, and none that precedes a release (`0.3.0-alpha`).
pub(super) fn is_supported(api_version: &str) -> bool {
    parse(api_version).is_some_and(|(numbers, prerelease)| numbers >= [0, 2, 0] && !prerelease)
}

/// Major, minor and patch, and whether a pre-release follows. `v` before them is allowed, and the last two may be missing.
fn parse(api_version: &str) -> Option<([u64; 3], bool)> {
    let text = api_version.strip_prefix(PREFIX).unwrap_or(api_version);
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, prerelease) = text.split_once('-').map_or((text, None), |(core, word)| (core, Some(word)));
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let are_words = |words: Option<&str>| words.is_none_or(|words| words.split('.').all(is_word));
    if !are_words(build) || !are_words(prerelease) {
        return None;
    }
    let mut numbers = [0; 3];
    for (at, digits) in core.split('.').enumerate() {
        if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        *numbers.get_mut(at)? = digits.parse().ok()?;
    }
    Some((numbers, prerelease.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_in_v1() {
        for good in ["0.2", "0.2.0", "0.2.3", "0.3", "1", "1.0.0", "v0.2.1", "0.10", "0.2.0+build.7"] {
            assert!(is_supported(good) && is_supported(&format!("spec.keptn.sh/{good}")), "{good}");
        }
        for old in ["0", "0.1", "0.1.7", "0.1.99", "0.2.0-alpha", "1.0.0-rc.1"] {
            assert!(is_version(old) && !is_supported(old), "{old}");
        }
        for none in ["", "spec.keptn.sh/", "x", "0.2.x", "0.2.", ".2", "0.2.0.1", "0.2 ", "-1", "0.2-", "lib/0.2"] {
            assert!(!is_version(none), "{none}");
        }
    }
}
