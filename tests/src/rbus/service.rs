//! The example API of the Go library and the extras, as a program on rbus would serve them.

use std::time::Duration;

use futures::StreamExt;
use serde::Serialize;
use serde_with::As;
use zbus::codegen::wire;
use zbus::types::Timestamp;

use super::protocol::{Error, Inputs, Output};
use super::server::{Object, Server, ServerTask};

/// How methods and streams are called on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Naming {
    /// As Go does, which rbus is told with an attribute of each method.
    Go,
    /// As they are called in Rust.
    Snake,
}

impl Naming {
    fn of(self, go: &str, snake: &str) -> String {
        match self {
            Self::Go => go.to_owned(),
            Self::Snake => snake.to_owned(),
        }
    }
}

/// rbus knows no times: a program brings a type of its own.
#[derive(Serialize)]
#[serde(transparent)]
struct Time(#[serde(with = "As::<wire::Timestamp>")] Timestamp);

#[derive(serde::Deserialize)]
#[serde(transparent)]
struct ReadTime(#[serde(with = "As::<wire::Timestamp>")] Timestamp);

/// What every method without an error of its own gives.
fn value<T: Serialize>(value: T) -> Result<Output, Error> {
    Output::of(Ok::<T, Error>(value))
}

fn calculator(naming: Naming) -> Object {
    let two = |inputs: &Inputs| Ok::<(f64, f64), Error>((inputs.at(0)?, inputs.at(1)?));
    Object::new("calculator", "1.0")
        .method(naming.of("Add", "add"), move |inputs| async move { two(&inputs).and_then(|(a, b)| value(a + b)) })
        .method(naming.of("AddSub", "add_sub"), move |inputs| async move {
            two(&inputs).and_then(|(a, b)| value((a + b, a - b)))
        })
        .method(naming.of("Divide", "divide"), move |inputs| async move {
            let (a, b) = two(&inputs)?;
            Output::of(if b == 0.0 { Err("division by zero") } else { Ok(a / b) })
        })
        .method(naming.of("Pow", "pow"), move |inputs| async move { two(&inputs).and_then(|(a, b)| value(a.powf(b))) })
        .method(naming.of("Avg", "avg"), |inputs| async move {
            let values: Vec<f64> = inputs.at(0)?;
            let count = u32::try_from(values.len()).map_err(|error| Error::Encoding(error.to_string()))?;
            value(if count == 0 { 0.0 } else { values.iter().sum::<f64>() / f64::from(count) })
        })
}

fn ticks() -> impl futures::Stream<Item = Time> {
    let interval = tokio::time::interval(Duration::from_millis(50));
    tokio_stream::wrappers::IntervalStream::new(interval).map(|_| Time(Timestamp::now()))
}

fn utils() -> Object {
    Object::new("utils", "1.0")
        .method("Capitalize", |inputs| async move { value(inputs.at::<String>(0)?.to_uppercase()) })
        .method("Tuple", |_| async { value((10_i64, "hello world", 0.5_f64)) })
        .method("Panic", |_| async { panic!("Aaaaah!") })
        .method("Sleep", |inputs| async move {
            tokio::time::sleep(Duration::from_nanos(inputs.at(0)?)).await;
            value(())
        })
        .stream("TikTok", ticks())
}

/// rbus has no variadic methods, but a handler can be written that asks for arguments until there are no more.
fn rest<T: serde::de::DeserializeOwned>(inputs: &Inputs, first: usize) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    loop {
        match inputs.at(first + values.len()) {
            Ok(value) => values.push(value),
            Err(Error::ArgumentOutOfRange(_)) => return Ok(values),
            Err(error) => return Err(error),
        }
    }
}

fn extras() -> Object {
    Object::new("extras", "1.0")
        .method("Sum", |inputs| async move { value(rest::<f64>(&inputs, 0)?.iter().sum::<f64>()) })
        .method("Join", |inputs| async move {
            let separator: String = inputs.at(0)?;
            let parts = rest::<String>(&inputs, 1)?;
            Output::of(if separator.is_empty() { Err("no separator") } else { Ok(parts.join(&separator)) })
        })
        .method("Later", |inputs| async move {
            let (ReadTime(at), by) = (inputs.at(0)?, inputs.at::<i64>(1)?);
            value(Time(at + zbus::types::Duration::from_nanos(by)))
        })
}

/// Serves the module: all objects under Go's names, or the calculator alone under those of Rust.
pub async fn start_server(address: &str, module: &str, workers: usize, naming: Naming) -> ServerTask {
    let calculator = calculator(naming);
    let server = Server::new(module, workers);
    let server = match naming {
        Naming::Go => server.register(calculator).register(utils()).register(extras()),
        Naming::Snake => server.register(calculator.stream("tik_tok", ticks())),
    };
    server.start(address).await.expect("the broker is there")
}
