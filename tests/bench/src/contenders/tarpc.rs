//! tarpc: a direct connection, no broker between.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures::StreamExt;
use tarpc::serde_transport::Transport;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::{Framed, LengthDelimitedCodec};
use tarpc::{client, context, serde_transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::ready;
use crate::figures::{Load, MULTITUDE};
use crate::load::{Caller, Calls};

#[tarpc::service]
trait Echo {
    async fn echo(payload: Vec<u8>) -> Vec<u8>;
}

#[derive(Clone)]
struct Same;

impl Echo for Same {
    async fn echo(self, _: context::Context, payload: Vec<u8>) -> Vec<u8> {
        payload
    }
}

fn transport<S, Item, SinkItem>(stream: S) -> Transport<S, Item, SinkItem, Bincode<Item, SinkItem>>
where
    S: AsyncRead + AsyncWrite,
    Item: for<'de> serde::Deserialize<'de>,
    SinkItem: serde::Serialize,
{
    serde_transport::new(Framed::new(stream, LengthDelimitedCodec::new()), Bincode::default())
}

pub async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    match address.strip_prefix("unix://") {
        Some(path) => {
            let listener = UnixListener::bind(path)?;
            ready();
            loop {
                answer(listener.accept().await?.0);
            }
        }
        None => {
            let listener = TcpListener::bind(address).await?;
            ready();
            loop {
                let connection = listener.accept().await?.0;
                connection.set_nodelay(true)?;
                answer(connection);
            }
        }
    }
}

fn answer(connection: impl AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + 'static) {
    let channel = BaseChannel::with_defaults(transport(connection));
    tokio::spawn(channel.execute(Same.serve()).for_each(|response| async {
        tokio::spawn(response);
    }));
}

#[derive(Clone)]
struct Stub {
    client: EchoClient,
    payload: Arc<Vec<u8>>,
}

impl Caller for Stub {
    type Error = client::RpcError;

    async fn call(&self) -> Result<(), Self::Error> {
        self.client.echo(context::current(), self.payload.to_vec()).await?;
        Ok(())
    }
}

pub async fn load(address: &str, payload: usize, calls: Calls) -> Result<Load, Box<dyn Error>> {
    let mut config = client::Config::default();
    config.max_in_flight_requests = 2 * MULTITUDE;
    let client = match address.strip_prefix("unix://") {
        Some(path) => EchoClient::new(config, transport(UnixStream::connect(path).await?)).spawn(),
        None => {
            let connection = TcpStream::connect(address).await?;
            connection.set_nodelay(true)?;
            EchoClient::new(config, transport(connection)).spawn()
        }
    };
    calls.of(Stub { client, payload: Arc::new(vec![7; payload]) }).await
}
