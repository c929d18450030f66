//! What projects, stages and services may be called: as in v1, which puts the names into paths, branches and event types.

/// The greatest length of a service's name in bytes; v1's default.
pub const SERVICE_NAME_MAX: usize = 43;

/// Whether a project or a stage may have this name: a lower case letter, then lower case letters, digits and hyphens, the
/// last of them no hyphen. How long a project's name may be is not decided here: in v1 it is a setting.
pub fn valid_entity_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !name.ends_with('-')
}

/// Whether a service may have this name. The rule is wider than that of stages: `Upper` and `a_b` pass. What is out are names
/// that mean something else in a path, names with `/ > < | : &`, and those longer than [`SERVICE_NAME_MAX`].
pub fn valid_service_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '>', '<', '|', ':', '&']) && name.len() <= SERVICE_NAME_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_projects_are_named_as_in_v1() {
        for good in ["a", "dev", "prod-eu-1", "a--b", "a1"] {
            assert!(valid_entity_name(good), "{good}");
        }
        for bad in ["", "-", "1a", "a-", "-a", "Dev", "a_b", "a.b", "a b", "dév", "a\n"] {
            assert!(!valid_entity_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn services_are_named_more_freely() {
        for good in ["carts", "Upper", "a_b", "a.b", "...", "a b", "-", &"x".repeat(43)] {
            assert!(valid_service_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a:b", "a|b", "a&b", "<a", "a>", &"x".repeat(44)] {
            assert!(!valid_service_name(bad), "{bad}");
        }
    }
}
