//! A relay between a station and its data center: it counts what passes, takes its time, and drops
//! its lines when told to.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};

/// Pieces of a stream that are on their way at once: more than any window holds.
const ON_THE_WAY: usize = 1_024;

/// The bytes read at once.
const PIECE: usize = 16 * 1_024;

/// Lines that wait to be taken.
const WAITING: u32 = 128;

/// Any free port of this computer.
const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// The address of an Internet that comes later. Until then nobody answers there, and nobody else can
/// take it.
#[derive(Debug)]
pub struct Later(TcpSocket);

impl Later {
    /// An address where nobody answers.
    #[must_use]
    pub fn reserved() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(LOOPBACK.into()).unwrap();
        Self(socket)
    }

    /// Where it will be reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.0.local_addr().unwrap())
    }

    /// Now it is there, and leads to this data center.
    #[must_use]
    pub fn comes(self, center: &str) -> Relay {
        let listener = self.0.listen(WAITING).unwrap();
        Relay::on(listener, center, Duration::ZERO)
    }
}

/// A relay to one address, until it is dropped with its runtime.
#[derive(Debug)]
pub struct Relay {
    /// Where it is reached, instead of the data center.
    pub url: String,
    passed: Arc<Passed>,
    dropping: Arc<Notify>,
    most_up: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Passed {
    bytes: AtomicU64,
    lines: AtomicU32,
}

impl Relay {
    /// A relay to a data center, over which every byte takes `delay` each way.
    pub async fn to(center: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        Self::on(listener, center, delay)
    }

    fn on(listener: TcpListener, center: &str, delay: Duration) -> Self {
        let url = format!("https://{}", listener.local_addr().unwrap());
        let center = center.trim_start_matches("https://").to_owned();
        let (passed, dropping) = (Arc::<Passed>::default(), Arc::<Notify>::default());
        let most_up = Arc::new(AtomicU64::new(u64::MAX));
        let (counts, told, most) = (
            Arc::clone(&passed),
            Arc::clone(&dropping),
            Arc::clone(&most_up),
        );
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                counts.lines.fetch_add(1, Ordering::SeqCst);
                let (center, told) = (center.clone(), Arc::clone(&told));
                let (counts, most) = (Arc::clone(&counts), Arc::clone(&most));
                tokio::spawn(async move {
                    let far = TcpStream::connect(center).await.unwrap();
                    tokio::select! {
                        () = join(near, far, delay, &counts, &most) => {}
                        () = told.notified() => {}
                    }
                });
            }
        });
        Self {
            url,
            passed,
            dropping,
            most_up,
        }
    }

    /// Swallows what a line carries to the data center beyond so many bytes, as a router does whose
    /// packets are too long for the way ahead: both ends believe that the line stands.
    pub fn swallow_beyond(&self, bytes: u64) {
        self.most_up.store(bytes, Ordering::SeqCst);
    }

    /// Carries everything again, on new lines.
    pub fn carry_all(&self) {
        self.most_up.store(u64::MAX, Ordering::SeqCst);
    }

    /// Ends every line that stands.
    pub fn drop_all(&self) {
        self.dropping.notify_waiters();
    }

    /// Bytes that passed, both ways.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.passed.bytes.load(Ordering::SeqCst)
    }

    /// Lines that were opened.
    #[must_use]
    pub fn lines(&self) -> u32 {
        self.passed.lines.load(Ordering::SeqCst)
    }
}

/// Carries both ways until both sides have ended.
async fn join(
    near: TcpStream,
    far: TcpStream,
    delay: Duration,
    passed: &Arc<Passed>,
    most_up: &AtomicU64,
) {
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let all = AtomicU64::new(u64::MAX);
    tokio::join!(
        carry(near_in, far_out, delay, passed, most_up),
        carry(far_in, near_out, delay, passed, &all)
    );
}

/// Carries one way: what is read now is written when it has taken its time.
async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    delay: Duration,
    passed: &Arc<Passed>,
    most: &AtomicU64,
) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let reading = async move {
        let mut piece = vec![0; PIECE];
        let mut said = 0;
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            let bytes = u64::try_from(count).unwrap();
            said += bytes;
            if said > most.load(Ordering::SeqCst) {
                continue;
            }
            passed.bytes.fetch_add(bytes, Ordering::SeqCst);
            let due = Instant::now() + delay;
            if sender.send((due, piece[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        // The other side has ended already when this fails.
        to.shutdown().await.ok();
    };
    tokio::join!(reading, writing);
}
