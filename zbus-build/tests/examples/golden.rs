pub async fn calculator_0<S: crate::schemas::calculator::Calculator>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::calculator::{CalculatorServer};
 // The service implements Calculator.
 zbus::Server::new("calc")
     .register(CalculatorServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn calculator_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::calculator::{CalculatorEvents, Entry};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = CalculatorEvents::new(client);
 events.entries(&Entry::default()).await?;
    Ok(())
}

pub async fn calculator_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::calculator::{CalculatorClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let calculator = CalculatorClient::new(client);
 let answer = calculator.add(1.0, 2.0).await?;
 println!("{answer:?}");

 let mut events = calculator.entries().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn errors_0<S: crate::schemas::errors::Math>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::errors::{MathServer};
 // The service implements Math.
 zbus::Server::new("errors")
     .register(MathServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn errors_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::errors::{MathClient};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let math = MathClient::new(client);
 let answer = math.divide(1, 2).await?;
 println!("{answer:?}");
    Ok(())
}

pub async fn hostile_0<S: crate::schemas::hostile::Stub>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{StubServer};
 // The service implements Stub.
 zbus::Server::new("hostile")
     .register(StubServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn hostile_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{StubEvents, T};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = StubEvents::new(client);
 events.r#type(&T::default()).await?;
    Ok(())
}

pub async fn hostile_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{StubClient_};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let stub = StubClient_::new(client);
 stub.new_().await?;

 let mut events = stub.r#type().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn hostile_3<S: crate::schemas::hostile::Versioned>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{VersionedServer};
 // The service implements Versioned.
 zbus::Server::new("hostile")
     .register(VersionedServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn hostile_4<S: crate::schemas::hostile::Object>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{ObjectServer};
 // The service implements Object.
 zbus::Server::new("hostile")
     .register(ObjectServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn hostile_5() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{ObjectEvents, Option};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = ObjectEvents::new(client);
 events.stream(&Option::default()).await?;
    Ok(())
}

pub async fn hostile_6() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::hostile::{Hash, ObjectClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let object = ObjectClient::new(client);
 let answer = object.r#box(None, &[], "string", Hash::Hasher).await?;
 println!("{answer:?}");

 let mut events = object.stream().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn imports_0<S: crate::schemas::imports::Surveyor>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::imports::{SurveyorServer};
 // The service implements Surveyor.
 zbus::Server::new("map")
     .register(SurveyorServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn imports_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::imports::{Measures, SurveyorEvents};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = SurveyorEvents::new(client);
 events.measures(&Measures::default()).await?;
    Ok(())
}

pub async fn imports_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::imports::{SurveyorClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let surveyor = SurveyorClient::new(client);
 let answer = surveyor.measure(&geometry::Shape::default(), &geometry::Point::default(), None, &[]).await?;
 println!("{answer:?}");

 let mut events = surveyor.measures().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn scalars_0<S: crate::schemas::scalars::Echo>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::scalars::{EchoServer};
 // The service implements Echo.
 zbus::Server::new("types")
     .register(EchoServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn scalars_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::scalars::{EchoEvents};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = EchoEvents::new(client);
 events.ticks(zbus::types::Timestamp::now()).await?;
    Ok(())
}

pub async fn scalars_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::scalars::{EchoClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let echo = EchoClient::new(client);
 let answer = echo.numbers(true, 2, 3, 4.0).await?;
 println!("{answer:?}");

 let mut events = echo.ticks().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn shadowing_0<S: crate::schemas::shadowing::Drop>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{DropServer};
 // The service implements Drop.
 zbus::Server::new("shadowing")
     .register(DropServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn shadowing_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{DropClient, Send};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let drop = DropClient::new(client);
 drop.drop(&Send::default()).await?;
    Ok(())
}

pub async fn shadowing_2<S: crate::schemas::shadowing::IntoIterator>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{IntoIteratorServer};
 // The service implements IntoIterator.
 zbus::Server::new("shadowing")
     .register(IntoIteratorServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn shadowing_3() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{IntoIteratorClient};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let into_iterator = IntoIteratorClient::new(client);
 let answer = into_iterator.next().await?;
 println!("{answer:?}");
    Ok(())
}

pub async fn shadowing_4<S: crate::schemas::shadowing::Fn>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{FnServer};
 // The service implements Fn.
 zbus::Server::new("shadowing")
     .register(FnServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn shadowing_5() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{FnEvents, Outcome};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = FnEvents::new(client);
 events.poll_next(&Outcome::default()).await?;
    Ok(())
}

pub async fn shadowing_6() -> Result<(), Box<dyn std::error::Error>> {
    use crate::schemas::*;
    use crate::schemas::shadowing::{FnClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let r#fn = FnClient::new(client);
 let answer = r#fn.fmt("formatter").await?;
 println!("{answer:?}");

 let mut events = r#fn.poll_next().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

