//! A client that behaves as rbus' does, at work. What its stubs have no form for, such as variadic calls, it asks for by hand.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use serde::{Deserialize, Serialize};
use serde_with::As;
use zbus::codegen::wire;
use zbus::types::Timestamp;
use zbus_tests::rbus::{Client, Error, ObjectName, Request};

use crate::feature::{Feature, Observed, Outcome, expect, outcome, wrong};

type Tried = Result<(), Outcome>;

/// rbus knows no times: a program brings a type of its own.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
struct Time(#[serde(with = "As::<wire::Timestamp>")] Timestamp);

/// Tries every feature at once. rbus itself has no patience: it waits for ever.
pub(crate) async fn probe(address: &str, patience: Duration) -> Observed {
    let client = Client::new(address);
    let features = Feature::ALL.map(|feature| {
        let tried = attempt(feature, &client);
        // Every server publishes, even where calls are made in vain.
        let patience = if feature == Feature::Event { Duration::from_secs(10) } else { patience };
        async move {
            let tried = tokio::time::timeout(patience, tried).await;
            (feature, outcome(tried.unwrap_or(Err(Outcome::NoReply))))
        }
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
        Feature::Panic => refused(client, "utils", "Panic").boxed(),
        Feature::Refusal => refused(client, "calculator", "Missing").boxed(),
    }
}

fn failed(error: Error) -> Outcome {
    match error {
        Error::Protocol(reason) if reason.starts_with("failed to get response") => Outcome::Unreadable,
        Error::Encoding(_) => Outcome::Unreadable,
        Error::Protocol(reason) if reason.starts_with("failed to") => wrong(reason),
        Error::Protocol(_) => Outcome::Refused,
        other => wrong(other),
    }
}

fn request(object: &str, method: &str) -> Request {
    Request::new(ObjectName::new(object, "1.0"), method)
}

trait With: Sized {
    fn with<T: Serialize>(self, argument: T) -> Self;
}

impl With for Request {
    fn with<T: Serialize>(self, argument: T) -> Self {
        self.arg(&argument).unwrap()
    }
}

async fn ask<T: serde::de::DeserializeOwned>(client: &Client, request: Request) -> Result<T, Outcome> {
    client.request("server", request).await.and_then(zbus_tests::rbus::Output::value).map_err(failed)
}

async fn call(client: Client) -> Tried {
    expect(ask(&client, request("calculator", "Add").with(1.0).with(2.0)).await?, &3.0)
}

async fn returns(client: Client) -> Tried {
    expect(ask(&client, request("calculator", "AddSub").with(1.0).with(2.0)).await?, &(3.0, -1.0))?;
    expect(ask(&client, request("utils", "Tuple")).await?, &(10, "hello world".to_owned(), 0.5))
}

async fn failure(client: Client) -> Tried {
    expect(ask(&client, request("calculator", "Divide").with(7.0).with(2.0)).await?, &3.5)?;
    let divided = client.request("server", request("calculator", "Divide").with(1.0).with(0.0)).await;
    match divided.and_then(zbus_tests::rbus::Output::value::<f64>) {
        Err(Error::Call(error)) if error.message == "division by zero" => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(value) => Err(wrong(value)),
    }
}

async fn list(client: Client) -> Tried {
    expect(ask(&client, request("calculator", "Avg").with([1.0, 2.5, 4.0])).await?, &2.5)
}

async fn variadic(client: Client) -> Tried {
    expect(ask(&client, request("extras", "Sum").with(1.0).with(2.0).with(3.5)).await?, &6.5)?;
    expect(ask(&client, request("extras", "Sum")).await?, &0.0)?;
    expect(ask(&client, request("extras", "Join").with("-").with("a").with("b")).await?, &"a-b".to_owned())
}

async fn duration(client: Client) -> Tried {
    ask::<()>(&client, request("utils", "Sleep").with(10_000_000_i64)).await
}

async fn time(client: Client) -> Tried {
    let at: Timestamp = "2021-03-04T05:06:07.891234567Z".parse().unwrap();
    let by = zbus::types::Duration::from_mins(90);
    let nanoseconds = i64::try_from(by.as_nanos()).unwrap();
    let Time(later) = ask(&client, request("extras", "Later").with(Time(at)).with(nanoseconds)).await?;
    expect(later, &(at + by))
}

async fn event(client: Client) -> Tried {
    let Time(tick) = client.event("server", &ObjectName::new("utils", "1.0"), "TikTok").await.map_err(failed)?;
    let age = Timestamp::now().duration_since(tick).abs();
    if age < zbus::types::Duration::from_secs(60) { Ok(()) } else { Err(wrong(tick)) }
}

/// The part of a status that a program on rbus could declare for itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    objects: Vec<ObjectName>,
}

async fn status(client: Client) -> Tried {
    let status: Status = ask(&client, request("zbus", "")).await?;
    if status.objects.iter().any(|object| object.to_string() == "calculator@1.0") { Ok(()) } else { Err(wrong(status)) }
}

async fn refused(client: Client, object: &str, method: &str) -> Tried {
    match ask::<i64>(&client, request(object, method)).await {
        Err(Outcome::Refused) => Ok(()),
        Err(outcome) => Err(outcome),
        Ok(value) => Err(wrong(value)),
    }
}
