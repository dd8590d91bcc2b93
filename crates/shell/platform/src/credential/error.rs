//! Why a credential is of no use, and what to do.

use std::io;

use thiserror::Error;

use crate::secret::SecretFileError;
use crate::shell::Shell;

/// Why a credential is of no use. Never holds anything of its content.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No service manager has handed credentials to this process, or it has none of this name.
    #[error("the service manager has handed over no credential {name}")]
    NotHandedOver {
        /// Its name.
        name: String,
    },
    /// The service manager's file of it is of no use.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The store of this account has none of this name.
    #[error("Credential Manager has no generic credential {name} for the account that this runs as")]
    NotStored {
        /// Its name.
        name: String,
    },
    /// Windows did not let us read it.
    #[error("cannot read the credential {name} of Credential Manager")]
    Unreadable {
        /// Its name.
        name: String,
        /// What Windows said.
        source: io::Error,
    },
    /// It holds no password, or something that is not text as Credential Manager keeps it.
    #[error("the credential {name} of Credential Manager holds no password as Windows writes it (UTF-16)")]
    NoPassword {
        /// Its name.
        name: String,
    },
}

impl CredentialError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::NotHandedOver { name } => {
                format!("add LoadCredential={name}:/PATH to the unit that runs this, or use password_file")
            }
            Self::File(error) => error.advice().to_owned(),
            Self::NotStored { name } | Self::NoPassword { name } => {
                let target = Shell::Windows.word(&format!("/generic:{name}"));
                format!("as that account type `cmdkey {target} /user:USER /pass`, and the password when it asks")
            }
            Self::Unreadable { .. } => {
                "run this as a service or a task with its own account, which has a store; or use password_file"
                    .to_owned()
            }
        }
    }
}
