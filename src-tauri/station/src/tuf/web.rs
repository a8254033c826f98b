//! The way to a repository over HTTP: every reply has a length limit and a least pace, so that one
//! that never ends, or drips, is given up.

use std::time::Duration;

use reqwest::{Client, StatusCode, redirect};
use shared::tuf::{Ask, TargetFile};
use tokio::time::{Instant, timeout_at};

use super::folder::{Arriving, FolderFault};

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a reply may take before its pace counts.
const PATIENCE: Duration = Duration::from_secs(15);

/// The least pace after that, bytes a second: a modem of 9,600 bit/s has some more.
const LEAST_BYTES_PER_SECOND: u64 = 800;

/// The most redirections that are followed.
const REDIRECTIONS_MAX: usize = 3;

/// Why something was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum WebFault {
    /// The program cannot reach any network.
    #[error("starting: {0}")]
    NotStarted(String),
    /// No reply, or one that broke off.
    #[error("fetching {address}: {source}")]
    Broken {
        /// What was fetched.
        address: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The repository answered with something else than the document.
    #[error("fetching {address}: the answer was {status}")]
    Refused {
        /// What was fetched.
        address: String,
        /// The answer.
        status: StatusCode,
    },
    /// More than it may have.
    #[error("fetching {address}: more than {limit} bytes")]
    TooLong {
        /// What was fetched.
        address: String,
        /// The most bytes.
        limit: u64,
    },
    /// Too slow for too long.
    #[error("fetching {0}: slower than {LEAST_BYTES_PER_SECOND} bytes a second")]
    TooSlow(String),
    /// A target whose length or hash is not what was signed.
    #[error("fetching {0}: not the content that was signed")]
    WrongContent(String),
    /// It could not be stored.
    #[error(transparent)]
    Folder(#[from] FolderFault),
}

/// One repository.
#[derive(Debug)]
pub(super) struct Web {
    client: Client,
    metadata: String,
    targets: Option<String>,
    patience: Duration,
}

impl Web {
    pub(super) fn new(metadata: &str, targets: Option<&str>) -> Result<Self, WebFault> {
        // A second one in this process is the same.
        drop(rustls::crypto::CryptoProvider::install_default(
            rustls::crypto::aws_lc_rs::default_provider(),
        ));
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::limited(REDIRECTIONS_MAX))
            .user_agent(concat!("pennyblack-tuf/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| WebFault::NotStarted(error.to_string()))?;
        Ok(Self {
            client,
            metadata: metadata.trim_end_matches('/').to_owned(),
            targets: targets.map(|base| base.trim_end_matches('/').to_owned()),
            patience: PATIENCE,
        })
    }

    /// A document; nothing when the repository says that it is not there.
    pub(super) async fn metadata(&self, ask: &Ask) -> Result<Option<Vec<u8>>, WebFault> {
        let address = format!("{}/{}", self.metadata, ask.address());
        let mut document = Vec::new();
        let take = |part: &[u8]| {
            document.extend_from_slice(part);
            Ok(())
        };
        match self.read(&address, ask.limit, take).await {
            Ok(()) => Ok(Some(document)),
            Err(WebFault::Refused { status, .. }) if is_absent(status) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The content of a target, checked while it comes. It is whole and right when this succeeds.
    pub(super) async fn target(
        &self,
        address: &str,
        file: &TargetFile,
        to: &mut Arriving,
    ) -> Result<(), WebFault> {
        let base = self.targets.as_deref().unwrap_or_default();
        let address = format!("{base}/{address}");
        let mut checking = file.checking();
        let take = |part: &[u8]| {
            if checking.take(part) {
                Ok(to.write(part)?)
            } else {
                Err(WebFault::WrongContent(address.clone()))
            }
        };
        self.read(&address, file.length, take).await?;
        if checking.holds() {
            Ok(())
        } else {
            Err(WebFault::WrongContent(address))
        }
    }

    async fn read(
        &self,
        address: &str,
        limit: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), WebFault>,
    ) -> Result<(), WebFault> {
        let begun = Instant::now();
        let broken = |source| WebFault::Broken {
            address: address.to_owned(),
            source,
        };
        let slow = |_| WebFault::TooSlow(address.to_owned());
        let asked = self.client.get(address).send();
        let reply = timeout_at(begun + self.patience, asked)
            .await
            .map_err(slow)?;
        let mut reply = reply.map_err(broken)?;
        let status = reply.status();
        if !status.is_success() {
            return Err(WebFault::Refused {
                address: address.to_owned(),
                status,
            });
        }
        let mut length: u64 = 0;
        loop {
            let until =
                begun + self.patience + Duration::from_secs(length / LEAST_BYTES_PER_SECOND);
            let part = timeout_at(until, reply.chunk()).await.map_err(slow)?;
            let Some(part) = part.map_err(broken)? else {
                return Ok(());
            };
            length = length.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
            if length > limit {
                return Err(WebFault::TooLong {
                    address: address.to_owned(),
                    limit,
                });
            }
            take(&part)?;
        }
    }
}

/// What says that a document is not there. Storage that must not be listed answers 403.
fn is_absent(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use shared::tuf::{RoleName, TargetPath};

    use super::super::folder::TargetFolder;
    use super::*;

    /// A repository that answers every request with these bytes, one part after each pause.
    fn repository(parts: Vec<Vec<u8>>, pause: Duration) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            while let Ok((mut line, _)) = listener.accept() {
                let parts = parts.clone();
                thread::spawn(move || {
                    drop(line.read(&mut [0; 1_024]));
                    for part in parts {
                        if line.write_all(&part).is_err() {
                            return;
                        }
                        thread::sleep(pause);
                    }
                });
            }
        });
        let mut web = Web::new(&base, Some(&base)).unwrap();
        web.patience = Duration::from_secs(3);
        web
    }

    fn head(length: usize) -> Vec<u8> {
        // Each line is closed after one answer; a client that kept it would sometimes ask on it.
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
            .into_bytes()
    }

    fn ask(limit: u64) -> Ask {
        Ask {
            role: RoleName::timestamp(),
            version: None,
            limit,
        }
    }

    /// What became of a target: the fault, and what lies in the folder.
    async fn fetched(web: &Web, content: &[u8]) -> (Option<WebFault>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let targets = TargetFolder::at(folder.path());
        let path = TargetPath::new("rates/one").unwrap();
        let file = TargetFile::of(content, None);
        let mut arriving = targets.begin(&path).unwrap();
        let fault = web.target("rates/one", &file, &mut arriving).await.err();
        match &fault {
            None => arriving.finish().unwrap(),
            Some(_) => drop(arriving),
        }
        assert_eq!(targets.has(&path, &file).unwrap(), fault.is_none());
        (fault, std::fs::read_dir(folder.path()).unwrap().count())
    }

    #[tokio::test]
    async fn a_reply_that_drips_is_given_up() {
        let mut parts = vec![head(1_000)];
        parts.extend(std::iter::repeat_n(b"x".to_vec(), 1_000));
        let web = repository(parts, Duration::from_millis(30));
        let begun = std::time::Instant::now();
        let metadata = web.metadata(&ask(2_000)).await.unwrap_err();
        assert!(matches!(metadata, WebFault::TooSlow(_)), "{metadata}");
        let (fault, left) = fetched(&web, &[b'x'; 1_000]).await;
        assert!(matches!(fault, Some(WebFault::TooSlow(_))), "{fault:?}");
        assert_eq!(left, 0, "nothing stays in the folder");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_reply_that_never_begins_is_given_up() {
        let web = repository(vec![Vec::new(); 1_000], Duration::from_millis(30));
        let fault = web.metadata(&ask(2_000)).await.unwrap_err();
        assert!(matches!(fault, WebFault::TooSlow(_)), "{fault}");
    }

    #[tokio::test]
    async fn more_than_the_limit_is_not_read() {
        let web = repository(vec![head(900), vec![b'x'; 900]], Duration::ZERO);
        let fault = web.metadata(&ask(899)).await.unwrap_err();
        assert!(
            matches!(fault, WebFault::TooLong { limit: 899, .. }),
            "{fault}"
        );
        assert_eq!(
            web.metadata(&ask(900)).await.unwrap(),
            Some(vec![b'x'; 900])
        );
        let (fault, left) = fetched(&web, &[b'x'; 899]).await;
        assert!(matches!(fault, Some(WebFault::TooLong { .. })), "{fault:?}");
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn truncated_and_altered_targets_have_no_place_and_the_right_one_has() {
        let parts = |sent: &[u8], said| vec![head(said), sent.to_vec()];
        let cut = repository(parts(b"pri", 6), Duration::ZERO);
        let (fault, left) = fetched(&cut, b"prices").await;
        assert!(matches!(fault, Some(WebFault::Broken { .. })), "{fault:?}");
        assert_eq!(left, 0);
        for altered in [&b"prizes"[..], b"price"] {
            let web = repository(parts(altered, altered.len()), Duration::ZERO);
            let (fault, left) = fetched(&web, b"prices").await;
            assert!(
                matches!(fault, Some(WebFault::WrongContent(_))),
                "{fault:?}"
            );
            assert_eq!(left, 0);
        }
        let right = repository(parts(b"prices", 6), Duration::ZERO);
        let (fault, left) = fetched(&right, b"prices").await;
        assert!(fault.is_none(), "{fault:?}");
        assert_eq!(left, 1);
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_apart_from_what_failed() {
        let answer = |status: &str| {
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            repository(vec![head.into_bytes()], Duration::ZERO)
        };
        assert_eq!(
            answer("404 Not Found").metadata(&ask(9)).await.unwrap(),
            None
        );
        let fault = answer("500 Broken").metadata(&ask(9)).await.unwrap_err();
        assert!(matches!(fault, WebFault::Refused { .. }), "{fault}");
    }
}
