//! tonic: gRPC, a direct connection, no broker between.

use std::error::Error;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};

use super::{ready, runtime};
use crate::figures::{Load, MULTITUDE};
use crate::load::load as run;

#[allow(missing_docs, reason = "generated")]
mod grpc {
    tonic::include_proto!("grpc");
}
use grpc::Payload;
use grpc::echo_client::EchoClient;
use grpc::echo_server::{Echo, EchoServer};

/// Bytes under way on one connection: enough for 64 calls of 256 KiB.
const WINDOW: u32 = 16 << 20;

struct Same;

#[tonic::async_trait]
impl Echo for Same {
    async fn echo(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let router = Server::builder()
            .max_concurrent_streams(2 * MULTITUDE as u32)
            .initial_connection_window_size(WINDOW)
            .initial_stream_window_size(1 << 20)
            .add_service(EchoServer::new(Same));
        match address.strip_prefix("unix://") {
            Some(path) => {
                let connections = UnixListenerStream::new(UnixListener::bind(path)?);
                ready();
                router.serve_with_incoming(connections).await?;
            }
            None => {
                let listener = TcpListener::bind(address.trim_start_matches("http://")).await?;
                ready();
                // That of the router holds for listeners of its own alone.
                let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
                router.serve_with_incoming(connections).await?;
            }
        }
        Ok(())
    })
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    runtime(1)?.block_on(async {
        let channel = Endpoint::from_shared(address.to_owned())?
            .tcp_nodelay(true)
            .initial_connection_window_size(WINDOW)
            .initial_stream_window_size(1 << 20)
            .connect()
            .await?;
        let client = EchoClient::new(channel);
        let payload = vec![7; payload];
        run(in_flight, time, || async {
            client.clone().echo(Payload { data: payload.clone() }).await?;
            Ok::<_, Status>(())
        })
        .await
    })
}
