//! How a source logs in: from variables and files, never from arguments.
//!
//! For a source called `eu-1` the variables begin with `CAPSTAN_SOURCE_EU_1`.

use std::io;
use std::path::PathBuf;

use super::secret::Secret;

/// What a source needs to log in, and to know its server.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// What is sent with each request.
    pub login: Login,
    /// PEM bundle of the CAs that may have signed the server's certificate, in place of the system's.
    pub ca: Option<PemFile>,
    /// What the client shows of itself in the TLS handshake.
    pub client: Option<ClientCertificate>,
}

/// What is sent with each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Nothing.
    Anonymous,
    /// HTTP basic authentication.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A bearer token.
    Bearer(Secret),
}

/// A PEM file, and the variable that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFile {
    /// Name of the variable.
    pub variable: String,
    /// Where the file is.
    pub path: PathBuf,
}

/// A certificate chain and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The chain, own certificate first.
    pub chain: PemFile,
    /// The key.
    pub key: PemFile,
}

/// What is wrong with the variables of a source. Names variables and paths, never a value.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A value was given twice.
    #[error("{direct} and {file} are both set: unset one of them")]
    Both {
        /// Variable that holds the value.
        direct: String,
        /// Variable that names the file.
        file: String,
    },
    /// One half of a pair was given.
    #[error("{given} is set, but {missing} is not: they need each other")]
    Half {
        /// The variable that was found.
        given: String,
        /// What belongs to it.
        missing: String,
    },
    /// User and token were given.
    #[error("{user} and {token} are both set: a source logs in one way, unset one of them")]
    TwoLogins {
        /// The variable that holds the user or names its file.
        user: String,
        /// The variable that holds the token or names its file.
        token: String,
    },
    /// A file cannot be read.
    #[error("cannot read {path}, which {variable} names: {cause}", path = .path.display())]
    Unreadable {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file is empty.
    #[error("{path}, which {variable} names, is empty", path = .path.display())]
    Empty {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
    },
}

/// What the names of the variables of source `name` begin with.
pub(crate) fn variable_prefix(name: &str) -> String {
    format!("CAPSTAN_SOURCE_{}", name.to_ascii_uppercase().replace('-', "_"))
}

impl Credentials {
    /// Reads what `env` holds for the source `name`. A variable that is set to nothing counts as not set.
    pub fn read(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, CredentialError> {
        let variables = Variables { prefix: variable_prefix(name), env };
        let user = variables.value("USER")?;
        let password = variables.value("PASSWORD")?;
        let token = variables.value("TOKEN")?;
        let login = match (user, password, token) {
            (None, None, None) => Login::Anonymous,
            (None, None, Some(token)) => Login::Bearer(Secret::new(token.text)),
            (Some(user), Some(password), None) => {
                Login::Basic { user: user.text, password: Secret::new(password.text) }
            }
            (Some(half), _, Some(token)) | (None, Some(half), Some(token)) => {
                return Err(CredentialError::TwoLogins { user: half.variable, token: token.variable });
            }
            (Some(user), None, None) => return Err(variables.half(user.variable, "PASSWORD")),
            (None, Some(password), None) => return Err(variables.half(password.variable, "USER")),
        };
        let client = match (variables.pem("CLIENT_CERT_FILE"), variables.pem("CLIENT_KEY_FILE")) {
            (Some(chain), Some(key)) => Some(ClientCertificate { chain, key }),
            (None, None) => None,
            (Some(chain), None) => return Err(variables.half(chain.variable, "CLIENT_KEY_FILE")),
            (None, Some(key)) => return Err(variables.half(key.variable, "CLIENT_CERT_FILE")),
        };
        Ok(Self { login, ca: variables.pem("CA_FILE"), client })
    }
}

struct Variables<'e> {
    prefix: String,
    env: &'e dyn Fn(&str) -> Option<String>,
}

/// A value, and the variable that it came by. Not to be shown: it may be a password.
struct Value {
    variable: String,
    text: String,
}

impl Variables<'_> {
    fn get(&self, what: &str) -> Option<Value> {
        let variable = format!("{}_{what}", self.prefix);
        let text = (self.env)(&variable).filter(|text| !text.is_empty())?;
        Some(Value { variable, text })
    }

    /// The value of a variable, or the content of the file that its sibling on `_FILE` names.
    fn value(&self, what: &str) -> Result<Option<Value>, CredentialError> {
        match (self.get(what), self.get(&format!("{what}_FILE"))) {
            (Some(direct), Some(file)) => Err(CredentialError::Both { direct: direct.variable, file: file.variable }),
            (direct, None) => Ok(direct),
            (None, Some(Value { variable, text: path })) => {
                let path = PathBuf::from(path);
                let mut text = match std::fs::read_to_string(&path) {
                    Ok(text) => text,
                    Err(cause) => return Err(CredentialError::Unreadable { variable, path, cause }),
                };
                text.truncate(text.strip_suffix('\n').map_or(text.len(), |line| line.trim_end_matches('\r').len()));
                if text.is_empty() {
                    return Err(CredentialError::Empty { variable, path });
                }
                Ok(Some(Value { variable, text }))
            }
        }
    }

    fn pem(&self, what: &str) -> Option<PemFile> {
        self.get(what).map(|value| PemFile { variable: value.variable, path: PathBuf::from(value.text) })
    }

    fn half(&self, given: String, missing: &str) -> CredentialError {
        CredentialError::Half { given, missing: format!("{}_{missing}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, variables: &[(&str, &str)]) -> Result<Credentials, String> {
        let env = |wanted: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        Credentials::read(name, &env).map_err(|error| {
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            error.to_string()
        })
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn logins() {
        assert_eq!(read("p", &[]).unwrap().login, Login::Anonymous);
        assert_eq!(read("p", &[("CAPSTAN_SOURCE_P_TOKEN", "")]).unwrap().login, Login::Anonymous);
        assert_eq!(read("p", &[("CAPSTAN_SOURCE_P_TOKEN", "t")]).unwrap().login, Login::Bearer(Secret::new("t")));
        let basic = Login::Basic { user: "me".into(), password: Secret::new("hunter2") };
        let direct = [("CAPSTAN_SOURCE_EU_1_B_USER", "me"), ("CAPSTAN_SOURCE_EU_1_B_PASSWORD", "hunter2")];
        assert_eq!(read("eu-1_b", &direct).unwrap().login, basic);

        for text in ["hunter2", "hunter2\n", "hunter2\r\n"] {
            let password = file(text);
            let path = password.path().to_str().unwrap();
            let variables = [("CAPSTAN_SOURCE_P_USER", "me"), ("CAPSTAN_SOURCE_P_PASSWORD_FILE", path)];
            let credentials = read("p", &variables).unwrap();
            assert_eq!(credentials.login, basic, "{text:?}");
            assert!(!format!("{credentials:?}").contains("hunter2"));
        }
        let spaced = file(" two\nlines \n\n");
        let path = spaced.path().to_str().unwrap();
        let login = read("p", &[("CAPSTAN_SOURCE_P_TOKEN_FILE", path)]).unwrap().login;
        assert_eq!(login, Login::Bearer(Secret::new(" two\nlines \n")));
    }

    #[test]
    fn certificates_are_paths() {
        let variables = [
            ("CAPSTAN_SOURCE_P_CA_FILE", "ca.pem"),
            ("CAPSTAN_SOURCE_P_CLIENT_CERT_FILE", "c.pem"),
            ("CAPSTAN_SOURCE_P_CLIENT_KEY_FILE", "k.pem"),
        ];
        let credentials = read("p", &variables).unwrap();
        assert_eq!(credentials.ca.unwrap().path, PathBuf::from("ca.pem"));
        assert_eq!(credentials.client.unwrap().key.variable, "CAPSTAN_SOURCE_P_CLIENT_KEY_FILE");
    }

    #[test]
    fn conflicts_name_the_variables() {
        let empty = file("\n");
        let empty = empty.path().to_str().unwrap();
        let cases: [(&[(&str, &str)], &str); 8] = [
            (
                &[("CAPSTAN_SOURCE_P_TOKEN", "hunter2"), ("CAPSTAN_SOURCE_P_TOKEN_FILE", "f")],
                "CAPSTAN_SOURCE_P_TOKEN and CAPSTAN_SOURCE_P_TOKEN_FILE are both set",
            ),
            (&[("CAPSTAN_SOURCE_P_USER", "me")], "USER is set, but CAPSTAN_SOURCE_P_PASSWORD is not"),
            (&[("CAPSTAN_SOURCE_P_PASSWORD", "hunter2")], "PASSWORD is set, but CAPSTAN_SOURCE_P_USER is not"),
            (
                &[("CAPSTAN_SOURCE_P_USER", "me"), ("CAPSTAN_SOURCE_P_TOKEN", "hunter2")],
                "CAPSTAN_SOURCE_P_USER and CAPSTAN_SOURCE_P_TOKEN are both set",
            ),
            (&[("CAPSTAN_SOURCE_P_CLIENT_CERT_FILE", "c")], "but CAPSTAN_SOURCE_P_CLIENT_KEY_FILE is not"),
            (&[("CAPSTAN_SOURCE_P_CLIENT_KEY_FILE", "k")], "but CAPSTAN_SOURCE_P_CLIENT_CERT_FILE is not"),
            (
                &[("CAPSTAN_SOURCE_P_TOKEN_FILE", "/nowhere/token")],
                "cannot read /nowhere/token, which CAPSTAN_SOURCE_P_TOKEN_FILE names",
            ),
            (&[("CAPSTAN_SOURCE_P_TOKEN_FILE", empty)], "which CAPSTAN_SOURCE_P_TOKEN_FILE names, is empty"),
        ];
        for (variables, part) in cases {
            let message = read("p", variables).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
