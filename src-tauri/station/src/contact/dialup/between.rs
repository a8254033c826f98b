//! Between whom a TLS session stands.

use crate::contact::http::{Credentials, Manner, Tls};
use crate::contact::link::LinkFault;

/// Whose sessions they are: nobody takes up a session of somebody else, or one that was begun with
/// another certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Between {
    pub(super) server: String,
    pub(super) credentials: Credentials,
    /// The issuer of the data center's certificate, DER, where it is known.
    pub(super) issuer: Option<Vec<u8>>,
}

impl Between {
    /// TLS between these two.
    pub(super) fn tls(&self, manner: &Manner) -> Result<Tls, LinkFault> {
        let issuer = self.issuer.clone();
        let manner = Manner {
            issuer,
            ..manner.clone()
        };
        Tls::new(&self.credentials, &manner)
    }
}
