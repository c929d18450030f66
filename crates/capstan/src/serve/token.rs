//! The token that clients present in the header `x-token`. The server keeps its SHA-256 alone: who reads the data directory
//! or a backup of it cannot act as a client.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::failure::{Failure, reason};

/// The variable that gives the token.
pub(crate) const VARIABLE: &str = "CAPSTAN_TOKEN";
/// The file in the data directory that keeps its hash.
pub(crate) const FILE: &str = "token.sha256";

/// What a client has to present. It does not know the token itself, and shows nothing of it; cheap to clone.
#[derive(Clone)]
pub(crate) struct Token {
    hash: Arc<[u8; SHA256_OUTPUT_LEN]>,
}

/// Where the token of a server is from.
pub(crate) enum TokenSource {
    /// The variable; this is the token itself.
    Variable(String),
    /// The file of an earlier start.
    File(PathBuf),
    /// Nowhere yet: the next start makes one.
    None,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(..)")
    }
}

impl Token {
    fn new(text: &str) -> Self {
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self { hash: Arc::new(hash) }
    }

    /// Whether this is the token. Takes as long for a near miss as for a far one.
    pub(crate) fn matches(&self, presented: &str) -> bool {
        let presented = Self::new(presented);
        let different = self.hash.iter().zip(presented.hash.iter()).fold(0, |all, (one, other)| all | (one ^ other));
        std::hint::black_box(different) == 0
    }

    /// The token of the server with this data directory: from the variable, or else as an earlier start has made it, or else
    /// a new one. A new one is handed to `show` before its hash is written: a token that nobody saw must not be in force.
    pub(crate) fn open(
        data: &Path,
        environment: &dyn Fn(&str) -> Option<OsString>,
        show: impl FnOnce(&str),
    ) -> Result<Self, Failure> {
        match source(data, environment)? {
            TokenSource::Variable(text) => Ok(Self::new(&text)),
            TokenSource::File(path) => Self::read(&path),
            TokenSource::None => {
                let text = generate()?;
                show(&text);
                let token = Self::new(&text);
                token.write(data)?;
                Ok(token)
            }
        }
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))?;
        let Some(hash) = from_hex(text.trim()) else {
            let message = format!("'{}' is damaged: it does not hold a SHA-256", path.display());
            return Err(Failure::with_help(message, "remove the file; the next start makes a new token and shows it"));
        };
        Ok(Self { hash: Arc::new(hash) })
    }

    /// Writes the hash so that it is there as a whole or not at all, whenever the power goes.
    fn write(&self, data: &Path) -> Result<(), Failure> {
        let path = data.join(FILE);
        let written = tempfile::NamedTempFile::new_in(data).and_then(|mut spare| {
            writeln!(spare, "{}", to_hex(&*self.hash))?;
            spare.as_file().sync_all()?;
            spare.persist(&path).map_err(|error| error.error)?;
            sync_directory(data)
        });
        written.map_err(|error| {
            let message = format!("cannot write '{}': {}", path.display(), reason(&error));
            Failure::with_help(message, "the token that was shown is not in force; start the server again")
        })
    }
}

/// The token of the variable, where it is set. Says what is wrong with it, never what is in it.
pub(crate) fn given(environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<String>, Failure> {
    let Some(value) = environment(VARIABLE) else { return Ok(None) };
    let wrong = match value.into_string() {
        Ok(text) if text.is_empty() => ("is empty", "give it a value, or unset it to let the server make a token"),
        // A header carries no others, so that no client could present them.
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => return Ok(Some(text)),
        _ => (
            "holds characters that no header can carry",
            "use letters, digits and signs of ASCII; mind a space or line break at its end",
        ),
    };
    Err(Failure::with_help(format!("{VARIABLE} {}", wrong.0), wrong.1))
}

/// Where the token is from, or will be.
pub(crate) fn source(data: &Path, environment: &dyn Fn(&str) -> Option<OsString>) -> Result<TokenSource, Failure> {
    if let Some(text) = given(environment)? {
        return Ok(TokenSource::Variable(text));
    }
    let path = data.join(FILE);
    // A file that cannot be looked at is not one that is missing: a new token would lock every client out.
    match path.try_exists() {
        Ok(true) => Ok(TokenSource::File(path)),
        Ok(false) => Ok(TokenSource::None),
        Err(error) => Err(Failure::unreadable(&path, &error)),
    }
}

/// A token that nobody can guess: 256 bits of the system's random.
fn generate() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Failure::with_help("the system gives no random numbers for a token", format!("give one in {VARIABLE}"))
    })?;
    Ok(format!("capstan_{}", to_hex(&bytes)))
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(text: &str) -> Option<[u8; SHA256_OUTPUT_LEN]> {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    if text.len() != 2 * bytes.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Style;

    fn none(_: &str) -> Option<OsString> {
        None
    }

    fn variable(value: &'static str) -> impl Fn(&str) -> Option<OsString> {
        move |name| (name == VARIABLE).then(|| value.into())
    }

    fn not_shown(_: &str) {
        panic!("no new token")
    }

    #[test]
    fn a_token_is_made_once_and_kept_as_a_hash() {
        let folder = tempfile::tempdir().unwrap();
        let mut shown = String::new();
        let token = Token::open(folder.path(), &none, |text| shown = text.to_owned()).unwrap();
        assert_eq!(shown.len(), "capstan_".len() + 64);
        assert!(token.matches(&shown) && !token.matches("") && !token.matches(&shown.to_uppercase()));
        let kept = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!kept.contains(&shown["capstan_".len()..]) && kept.trim().len() == 64);
        assert!(Token::open(folder.path(), &none, not_shown).unwrap().matches(&shown));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = folder.path().join(FILE).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(format!("{token:?}"), "Token(..)");
    }

    #[test]
    fn the_variable_comes_first_and_leaves_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let token = Token::open(folder.path(), &variable("of-mine"), not_shown).unwrap();
        assert!(token.matches("of-mine") && !token.matches("of-mine "));
        assert!(!folder.path().join(FILE).exists());
        for bad in ["", "line\n", "with space", "ümlaut"] {
            let error = Token::open(folder.path(), &variable(bad), not_shown).unwrap_err();
            let drawn = error.draw(Style { colour: false });
            assert!(drawn.starts_with("error: CAPSTAN_TOKEN ") && (bad.is_empty() || !drawn.contains(bad)), "{drawn}");
        }
    }

    #[test]
    fn a_damaged_file_is_no_new_token() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["", "abc", &"g".repeat(64), &"ä".repeat(32)] {
            std::fs::write(folder.path().join(FILE), content).unwrap();
            assert!(Token::open(folder.path(), &none, not_shown).is_err());
        }
    }

    #[test]
    fn the_hash_is_sha256() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(to_hex(&*Token::new("abc").hash), known);
    }
}
