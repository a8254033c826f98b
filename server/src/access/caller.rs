//! Who is calling, and how long what they say may be.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use bytes::Bytes;

use super::problem::ProblemReply;
use crate::ca::StationCertificate;
use crate::center::DataCenter;

/// The largest message at levels L1 to L3, bytes.
pub const MESSAGE_MAX: usize = 16 * 1_024;

/// The largest message at the doors, bytes.
pub const DOOR_MAX: usize = 4 * 1_024;

/// The other end of a contact, as its line knows it. Handlers get it as an extension.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where it calls from.
    pub address: SocketAddr,
    /// The certificate it has shown, checked against the station CA at the handshake. Whether it
    /// is still good is asked on every request, by [`CallingStation`].
    pub certificate: Option<Arc<StationCertificate>>,
}

impl FromRequestParts<Arc<DataCenter>> for Caller {
    type Rejection = ProblemReply;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &Arc<DataCenter>,
    ) -> Result<Self, ProblemReply> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(ProblemReply::fault)
    }
}

/// A station whose certificate is good at this moment: neither expired nor revoked. A handler of
/// level L2 and above takes it as an argument and cannot be reached without.
#[derive(Clone, Debug)]
pub struct CallingStation(pub Arc<StationCertificate>);

impl FromRequestParts<Arc<DataCenter>> for CallingStation {
    type Rejection = ProblemReply;

    async fn from_request_parts(
        parts: &mut Parts,
        center: &Arc<DataCenter>,
    ) -> Result<Self, ProblemReply> {
        Self::of(&Caller::from_request_parts(parts, center).await?, center)
    }
}

impl CallingStation {
    /// The station behind a caller, asked at this moment.
    ///
    /// # Errors
    /// [`ProblemReply`] without a certificate, or with one that was revoked or has expired.
    pub fn of(caller: &Caller, center: &DataCenter) -> Result<Self, ProblemReply> {
        let certificate = caller
            .certificate
            .as_ref()
            .ok_or_else(ProblemReply::level_too_low)?;
        if center.denied().denies(&certificate.serial) {
            return Err(ProblemReply::certificate_revoked());
        }
        if certificate.not_after < center.now() {
            return Err(ProblemReply::certificate_expired());
        }
        Ok(Self(Arc::clone(certificate)))
    }
}

/// The whole body of a request, at most `MAX` bytes.
#[derive(Clone, Debug)]
pub struct Bounded<const MAX: usize>(pub Bytes);

impl<const MAX: usize> FromRequest<Arc<DataCenter>> for Bounded<MAX> {
    type Rejection = ProblemReply;

    async fn from_request(request: Request, _: &Arc<DataCenter>) -> Result<Self, ProblemReply> {
        match to_bytes(request.into_body(), MAX).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) => Err(if is_too_long(&error) {
                ProblemReply::too_long()
            } else {
                ProblemReply::incomplete()
            }),
        }
    }
}

fn is_too_long(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}
