//! tonic: gRPC, a direct connection, no broker between.

use std::error::Error;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use super::ready;
use crate::figures::{Load, MULTITUDE};
use crate::load::{Caller, Calls};

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

pub async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
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
}

#[derive(Clone)]
struct Stub {
    client: EchoClient<Channel>,
    payload: Arc<Vec<u8>>,
}

impl Caller for Stub {
    type Error = Status;

    async fn call(&self) -> Result<(), Status> {
        self.client.clone().echo(Payload { data: self.payload.to_vec() }).await?;
        Ok(())
    }
}

pub async fn load(address: &str, payload: usize, calls: Calls) -> Result<Load, Box<dyn Error>> {
    let channel = Endpoint::from_shared(address.to_owned())?
        .tcp_nodelay(true)
        .initial_connection_window_size(WINDOW)
        .initial_stream_window_size(1 << 20)
        .connect()
        .await?;
    calls.of(Stub { client: EchoClient::new(channel), payload: Arc::new(vec![7; payload]) }).await
}
