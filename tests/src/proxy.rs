//! A TCP proxy between a test's processes and its broker, which cuts, delays, throttles and splits what goes through, and may lead
//! new connections to another broker.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a proxy does to each direction of each connection.
#[derive(Clone, Copy, Debug)]
pub enum Mischief {
    /// Nothing.
    None,
    /// Ends the connection in the middle of whatever is written, after up to so many bytes.
    Cut(u64),
    /// Holds each piece back for up to this long.
    Delay(Duration),
    /// Hands every byte on alone.
    Split,
    /// Once [`Proxy::arm`] was called, holds the next piece with this text back for this long, and with it what follows on that
    /// connection.
    Hold(&'static str, Duration),
    /// Hands on so many bytes a second.
    Slow(u32),
    /// Stops from time to time, after up to 200,000 bytes, for up to this long.
    Stall(Duration),
}

/// After at most so many bytes a direction stalls.
const STALL_BYTES: u64 = 200_000;

/// A running proxy; dropped, it ends with all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    broker: Arc<AtomicU16>,
    accepted: Arc<AtomicU64>,
    cuts: Arc<AtomicU64>,
    armed: Arc<AtomicBool>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port, and connects to that of the broker. What is drawn follows from the seed.
    pub async fn start(broker: u16, mischief: Mischief, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (accepted, cuts) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let broker = Arc::new(AtomicU16::new(broker));
        let (leads_to, connected, counted) = (Arc::clone(&broker), Arc::clone(&accepted), Arc::clone(&cuts));
        let armed = Arc::new(AtomicBool::new(false));
        let arms = Arc::clone(&armed);
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            let mut draws = seed;
            while let Ok((near, _)) = listener.accept().await {
                connected.fetch_add(1, Ordering::Relaxed);
                let broker = leads_to.load(Ordering::Relaxed);
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, broker)).await else { continue };
                for stream in [&near, &far] {
                    stream.set_nodelay(true).expect("a TCP connection");
                }
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                let ways = [(from_near, to_far), (from_far, to_near)].map(|(from, to)| {
                    draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    carry(from, to, mischief, draws, Arc::clone(&arms))
                });
                let counted = Arc::clone(&counted);
                connections.spawn(async move {
                    let [out, back] = ways;
                    tokio::select! {
                        () = out => {}
                        () = back => {}
                    }
                    counted.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        Self { address, broker, accepted, cuts, armed, accepting }
    }

    /// `redis://127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Has [`Mischief::Hold`] strike once, at the next piece with its text.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }

    /// Whether it has still to strike.
    pub fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed)
    }

    /// Leads new connections to the broker of this port.
    pub fn lead_to(&self, broker: u16) {
        self.broker.store(broker, Ordering::Relaxed);
    }

    /// How many connections were made.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many connections have ended.
    pub fn ended(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries one direction until it ends or is cut.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mischief: Mischief, draw: u64, armed: Arc<AtomicBool>) {
    // The lower bits of such a generator are poor.
    let draw = draw >> 16;
    let mut left = match mischief {
        Mischief::Cut(most) => draw % most,
        _ => u64::MAX,
    };
    let mut buffer = vec![0; 16 << 10];
    let mut pieces = draw;
    let mut until_stall = draw % STALL_BYTES;
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= length as u64;
        let written = match mischief {
            Mischief::None | Mischief::Cut(_) => to.write_all(&buffer[..length]).await,
            Mischief::Delay(most) => {
                pieces = pieces.wrapping_mul(31).wrapping_add(7);
                let most = u64::try_from(most.as_micros()).expect("short").max(1);
                tokio::time::sleep(Duration::from_micros(pieces % most)).await;
                to.write_all(&buffer[..length]).await
            }
            Mischief::Split => split(&mut to, &buffer[..length]).await,
            Mischief::Hold(text, time) => {
                let piece = &buffer[..length];
                let found = || piece.windows(text.len()).any(|window| window == text.as_bytes());
                if armed.load(Ordering::Relaxed) && found() && armed.swap(false, Ordering::Relaxed) {
                    tokio::time::sleep(time).await;
                }
                to.write_all(piece).await
            }
            Mischief::Stall(most) => {
                until_stall = until_stall.saturating_sub(length as u64);
                if until_stall == 0 {
                    pieces = pieces.wrapping_mul(31).wrapping_add(7);
                    until_stall = pieces % STALL_BYTES;
                    tokio::time::sleep(most.mul_f64(f64::from((pieces % 100) as u8) / 100.0)).await;
                }
                to.write_all(&buffer[..length]).await
            }
            Mischief::Slow(rate) => {
                let length_in_bytes = u32::try_from(length).expect("a buffer is small");
                tokio::time::sleep(Duration::from_secs(1) * length_in_bytes / rate).await;
                to.write_all(&buffer[..length]).await
            }
        };
        if written.is_err() || left == 0 {
            return;
        }
    }
}

async fn split(to: &mut OwnedWriteHalf, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        to.write_all(std::slice::from_ref(byte)).await?;
        // The reader gets its turn in between.
        tokio::task::yield_now().await;
    }
    Ok(())
}
