//! What a broker and its hub say to each other: one `MessagePack` value a frame, its length before it.

use std::io;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use zbus::broker::{BrokerError, BrokerErrorKind, Write};
use zbus::types::Bytes;
use zbus::untyped::Wire;

/// No frame is longer, whatever a length says.
const LONGEST: u32 = 64 << 20;

/// What a hub is asked; each question has a connection to itself until its answer is there.
#[derive(Serialize, Deserialize)]
pub(crate) enum Ask {
    Write(Vec<Entry>),
    /// Waits for this many milliseconds at most.
    Pop {
        lists: Vec<String>,
        max: usize,
        wait: u64,
    },
    /// Answered by `Done`, and by a `Message` for each that is published from then on.
    Subscribe {
        channel: String,
    },
    Withdraw {
        list: String,
        message: Wire<Bytes>,
    },
    Now,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Answer {
    Done,
    Popped { list: usize, messages: Vec<Wire<Bytes>> },
    Message(Wire<Bytes>),
    Withdrawn(bool),
    Now(i64),
}

/// A [`Write`] on its way.
#[derive(Serialize, Deserialize)]
pub(crate) enum Entry {
    Push { list: String, message: Wire<Bytes>, expire: Option<Wire<Duration>> },
    Publish { channel: String, message: Wire<Bytes> },
}

impl Entry {
    pub(crate) fn new(write: &Write) -> Result<Self, BrokerError> {
        Ok(match write {
            Write::Push { list, message, expire, .. } => {
                Self::Push { list: list.to_string(), message: Wire(message.clone()), expire: expire.map(Wire) }
            }
            Write::Publish { channel, message, .. } => {
                Self::Publish { channel: channel.to_string(), message: Wire(message.clone()) }
            }
            // Such as a push that looks at the length of its list first.
            _ => return Err(BrokerError::new(BrokerErrorKind::Refused, "the hub does not know how to write this")),
        })
    }

    pub(crate) fn into_write(self) -> Write {
        match self {
            Self::Push { list, message, expire } => {
                Write::Push { list: list.into(), message: message.0, expire: expire.map(|after| after.0) }
            }
            Self::Publish { channel, message } => Write::Publish { channel: channel.into(), message: message.0 },
        }
    }
}

pub(crate) async fn write<T: Serialize>(stream: &mut UnixStream, value: &T) -> io::Result<()> {
    let mut frame = vec![0; 4];
    zbus::wire::encode(value, &mut frame).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&frame).await
}

pub(crate) async fn read<T: DeserializeOwned>(stream: &mut UnixStream) -> io::Result<T> {
    let length = stream.read_u32().await?;
    if length > LONGEST {
        return Err(io::Error::other("a frame is too long"));
    }
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await?;
    zbus::wire::decode(&frame).map_err(io::Error::other)
}
