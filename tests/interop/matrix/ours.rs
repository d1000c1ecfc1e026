//! This library's client at work.

use std::time::Duration;

use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, join_all};
use zbus::client::RemoteObject;
use zbus::types::Timestamp;
use zbus::{Client, Error, Generation, ReplyMode};
use zbus_tests::api::extras::ExtrasClient;
use zbus_tests::api::server::{CalculatorClient, UtilsClient};

use crate::feature::{Feature, Observed, Outcome, expect, outcome, wrong};

type Tried = Result<(), Outcome>;

/// Every server publishes, even where calls are made in vain.
const EVENT_PATIENCE: Duration = Duration::from_secs(10);

/// Tries every feature at once.
pub(crate) async fn probe(address: &str, generation: Generation, replies: ReplyMode, patience: Duration) -> Observed {
    let client = Client::builder().generation(generation).reply_mode(replies).timeout(patience);
    let client = client.connect(address).await.unwrap();
    let features = Feature::ALL.map(|feature| {
        let tried = attempt(feature, &client);
        async move { (feature, outcome(tried.await)) }
    });
    join_all(features).await
}

fn attempt(feature: Feature, client: &Client) -> BoxFuture<'static, Tried> {
    let client = client.clone();
    match feature {
        Feature::Call => call(client).boxed(),
        Feature::Returns => returns(client).boxed(),
        Feature::Error => failure(client).boxed(),
        Feature::List => list(client).boxed(),
        Feature::Variadic => variadic(client).boxed(),
        Feature::Duration => duration(client).boxed(),
        Feature::Time => time(client).boxed(),
        Feature::Event => event(client).boxed(),
        Feature::Status => status(client).boxed(),
        Feature::Panic => panic(client).boxed(),
        Feature::Refusal => refusal(client).boxed(),
    }
}

fn failed(error: Error) -> Outcome {
    match error {
        Error::Generation { .. } => Outcome::OtherGeneration,
        Error::Decode { .. } => Outcome::Unreadable,
        Error::Rejected { .. } => Outcome::Refused,
        Error::Timeout { .. } | Error::NoServer { .. } => Outcome::NoReply,
        other => wrong(other),
    }
}

async fn call(client: Client) -> Tried {
    expect(CalculatorClient::new(client).add(1.0, 2.0).await.map_err(failed)?, &3.0)
}

async fn returns(client: Client) -> Tried {
    expect(CalculatorClient::new(client.clone()).add_sub(1.0, 2.0).await.map_err(failed)?, &(3.0, -1.0))?;
    expect(UtilsClient::new(client).tuple().await.map_err(failed)?, &(10, "hello world".to_owned(), 0.5))
}

async fn failure(client: Client) -> Tried {
    let calculator = CalculatorClient::new(client);
    expect(calculator.divide(7.0, 2.0).await.map_err(failed)?, &3.5)?;
    match calculator.divide(1.0, 0.0).await {
        Err(Error::Remote { message, .. }) if message == "division by zero" => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(value) => Err(wrong(value)),
    }
}

async fn list(client: Client) -> Tried {
    expect(CalculatorClient::new(client).avg(&[1.0, 2.5, 4.0]).await.map_err(failed)?, &2.5)
}

async fn variadic(client: Client) -> Tried {
    let extras = ExtrasClient::new(client);
    expect(extras.sum(&[1.0, 2.0, 3.5]).await.map_err(failed)?, &6.5)?;
    expect(extras.sum(&[]).await.map_err(failed)?, &0.0)?;
    expect(extras.join("-", &["a".to_owned(), "b".to_owned()]).await.map_err(failed)?, &"a-b".to_owned())
}

async fn duration(client: Client) -> Tried {
    UtilsClient::new(client).sleep(zbus::types::Duration::from_millis(10)).await.map_err(failed)
}

async fn time(client: Client) -> Tried {
    let at: Timestamp = "2021-03-04T05:06:07.891234567Z".parse().unwrap();
    let by = zbus::types::Duration::from_mins(90);
    expect(ExtrasClient::new(client).later(at, by).await.map_err(failed)?, &(at + by))
}

async fn event(client: Client) -> Tried {
    let mut ticks = UtilsClient::new(client).tik_tok().await.map_err(failed)?;
    match tokio::time::timeout(EVENT_PATIENCE, ticks.next()).await {
        Err(_) => Err(Outcome::NoReply),
        Ok(Some(Ok(tick))) if Timestamp::now().duration_since(tick).abs() < zbus::types::Duration::from_secs(60) => {
            Ok(())
        }
        Ok(other) => Err(wrong(other)),
    }
}

async fn status(client: Client) -> Tried {
    let status = client.status("server").await.map_err(failed)?;
    let served = status.objects.iter().any(|object| object.name == "calculator" && object.version == "1.0");
    if served && !status.workers.is_empty() { Ok(()) } else { Err(wrong(status)) }
}

async fn panic(client: Client) -> Tried {
    refused(UtilsClient::new(client).panic().await)
}

async fn refusal(client: Client) -> Tried {
    let calculator = RemoteObject::new(client, "server", "calculator@1.0".into());
    refused(calculator.request("Missing").call(1).await)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Tried {
    match result {
        Err(Error::Rejected { message, .. }) if !message.is_empty() => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(value) => Err(wrong(value)),
    }
}
