//! tarpc: a direct connection, no broker between.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use tarpc::serde_transport::Transport;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::{Framed, LengthDelimitedCodec};
use tarpc::{client, context, serde_transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::{ready, runtime};
use crate::figures::{Load, MULTITUDE};
use crate::load::load as run;

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

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    runtime(1)?.block_on(async {
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
    })
}

fn answer(connection: impl AsyncRead + AsyncWrite + fmt::Debug + Unpin + Send + 'static) {
    let channel = BaseChannel::with_defaults(transport(connection));
    tokio::spawn(channel.execute(Same.serve()).for_each(|response| async {
        tokio::spawn(response);
    }));
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let mut config = client::Config::default();
    config.max_in_flight_requests = 2 * MULTITUDE;
    runtime(1)?.block_on(async {
        let client = match address.strip_prefix("unix://") {
            Some(path) => EchoClient::new(config, transport(UnixStream::connect(path).await?)).spawn(),
            None => {
                let connection = TcpStream::connect(address).await?;
                connection.set_nodelay(true)?;
                EchoClient::new(config, transport(connection)).spawn()
            }
        };
        let payload = vec![7; payload];
        run(in_flight, time, || async {
            client.echo(context::current(), payload.clone()).await?;
            Ok::<_, client::RpcError>(())
        })
        .await
    })
}
