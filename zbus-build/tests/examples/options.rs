pub mod here_ {
pub async fn store_0<S: crate::here::store::Store>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::here::*;
    use crate::here::store::{StoreServer};
 // The service implements Store.
 zbus::Server::new("options")
     .register(StoreServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn store_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::here::*;
    use crate::here::store::{StoreEvents};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = StoreEvents::new(client);
 events.blocks(b"event").await?;
    Ok(())
}

pub async fn store_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::here::*;
    use crate::here::store::{StoreClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let store = StoreClient::new(client);
 let answer = store.put(&Default::default(), b"data", None, &[]).await?;
 println!("{answer:?}");

 let mut events = store.blocks().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn store_3() -> Result<(), Box<dyn std::error::Error>> {
    use crate::here::*;
    use crate::here::store::{blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let events = blocking::StoreEvents::new(client);
 events.blocks(b"event")?;
    Ok(())
}

pub async fn store_4() -> Result<(), Box<dyn std::error::Error>> {
    use crate::here::*;
    use crate::here::store::{blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let store = blocking::StoreClient::new(client);
 let answer = store.put(&Default::default(), b"data", None, &[])?;
 println!("{answer:?}");

 for event in store.blocks()? {
     println!("{:?}", event?);
 }
    Ok(())
}

}
pub mod std_ {
pub async fn times_0<S: crate::in_std::times::Times>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::in_std::*;
    use crate::in_std::times::{TimesServer};
 // The service implements Times.
 zbus::Server::new("times")
     .register(TimesServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn times_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::in_std::*;
    use crate::in_std::times::{TimesEvents};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = TimesEvents::new(client);
 events.ticks(std::time::SystemTime::now()).await?;
    Ok(())
}

pub async fn times_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::in_std::*;
    use crate::in_std::times::{Slot, TimesClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let times = TimesClient::new(client);
 let answer = times.r#move(&Slot::default(), std::time::Duration::from_secs(1), None, &[]).await?;
 println!("{answer:?}");

 let mut events = times.ticks().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

}
pub mod chrono_ {
pub async fn times_0<S: crate::in_chrono::times::Times>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::in_chrono::*;
    use crate::in_chrono::times::{TimesServer};
 // The service implements Times.
 zbus::Server::new("times")
     .register(TimesServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn times_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::in_chrono::*;
    use crate::in_chrono::times::{TimesEvents};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = TimesEvents::new(client);
 events.ticks(zbus::types::zero::date_time()).await?;
    Ok(())
}

pub async fn times_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::in_chrono::*;
    use crate::in_chrono::times::{Slot, TimesClient};
 use futures::StreamExt;

 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let times = TimesClient::new(client);
 let answer = times.r#move(&Slot::default(), zbus::types::chrono::TimeDelta::seconds(1), None, &[]).await?;
 println!("{answer:?}");

 let mut events = times.ticks().await?;
 while let Some(event) = events.next().await {
     println!("{:?}", event?);
 }
    Ok(())
}

}
pub mod blocking_ {
pub async fn hostile_0<S: crate::blocking::hostile::Stub>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{StubServer};
 // The service implements Stub.
 zbus::Server::new("hostile")
     .register(StubServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn hostile_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{StubEvents, T};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = StubEvents::new(client);
 events.r#type(&T::default()).await?;
    Ok(())
}

pub async fn hostile_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{StubClient_};
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

pub async fn hostile_3<S: crate::blocking::hostile::Versioned>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{VersionedServer};
 // The service implements Versioned.
 zbus::Server::new("hostile")
     .register(VersionedServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn hostile_4<S: crate::blocking::hostile::Object>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{ObjectServer};
 // The service implements Object.
 zbus::Server::new("hostile")
     .register(ObjectServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn hostile_5() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{ObjectEvents, Option};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = ObjectEvents::new(client);
 events.stream(&Option::default()).await?;
    Ok(())
}

pub async fn hostile_6() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{Hash, ObjectClient};
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

pub async fn hostile_7() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{T, blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let events = blocking::StubEvents::new(client);
 events.r#type(&T::default())?;
    Ok(())
}

pub async fn hostile_8() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let stub = blocking::StubClient_::new(client);
 stub.new_()?;

 for event in stub.r#type()? {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn hostile_9() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{Option, blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let events = blocking::ObjectEvents::new(client);
 events.stream(&Option::default())?;
    Ok(())
}

pub async fn hostile_10() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::hostile::{Hash, blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let object = blocking::ObjectClient::new(client);
 let answer = object.r#box(None, &[], "string", Hash::Hasher)?;
 println!("{answer:?}");

 for event in object.stream()? {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn imports_0<S: crate::blocking::imports::Surveyor>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::imports::{SurveyorServer};
 // The service implements Surveyor.
 zbus::Server::new("map")
     .register(SurveyorServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn imports_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::imports::{Measures, SurveyorEvents};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = SurveyorEvents::new(client);
 events.measures(&Measures::default()).await?;
    Ok(())
}

pub async fn imports_2() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::imports::{SurveyorClient};
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

pub async fn imports_3() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::imports::{Measures, blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let events = blocking::SurveyorEvents::new(client);
 events.measures(&Measures::default())?;
    Ok(())
}

pub async fn imports_4() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::imports::{blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let surveyor = blocking::SurveyorClient::new(client);
 let answer = surveyor.measure(&geometry::Shape::default(), &geometry::Point::default(), None, &[])?;
 println!("{answer:?}");

 for event in surveyor.measures()? {
     println!("{:?}", event?);
 }
    Ok(())
}

pub async fn shadowing_0<S: crate::blocking::shadowing::Drop>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{DropServer};
 // The service implements Drop.
 zbus::Server::new("shadowing")
     .register(DropServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn shadowing_1() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{DropClient, Send};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let drop = DropClient::new(client);
 drop.drop(&Send::default()).await?;
    Ok(())
}

pub async fn shadowing_2<S: crate::blocking::shadowing::IntoIterator>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{IntoIteratorServer};
 // The service implements IntoIterator.
 zbus::Server::new("shadowing")
     .register(IntoIteratorServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn shadowing_3() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{IntoIteratorClient};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let into_iterator = IntoIteratorClient::new(client);
 let answer = into_iterator.next().await?;
 println!("{answer:?}");
    Ok(())
}

pub async fn shadowing_4<S: crate::blocking::shadowing::Fn>(service: S) -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{FnServer};
 // The service implements Fn.
 zbus::Server::new("shadowing")
     .register(FnServer::new(service))?
     .serve("redis://127.0.0.1:6379")
     .await?;
    Ok(())
}

pub async fn shadowing_5() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{FnEvents, Outcome};
 let client = zbus::Client::connect("redis://127.0.0.1:6379").await?;
 let events = FnEvents::new(client);
 events.poll_next(&Outcome::default()).await?;
    Ok(())
}

pub async fn shadowing_6() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{FnClient};
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

pub async fn shadowing_7() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{Send, blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let drop = blocking::DropClient::new(client);
 drop.drop(&Send::default())?;
    Ok(())
}

pub async fn shadowing_8() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let into_iterator = blocking::IntoIteratorClient::new(client);
 let answer = into_iterator.next()?;
 println!("{answer:?}");
    Ok(())
}

pub async fn shadowing_9() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{Outcome, blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let events = blocking::FnEvents::new(client);
 events.poll_next(&Outcome::default())?;
    Ok(())
}

pub async fn shadowing_10() -> Result<(), Box<dyn std::error::Error>> {
    use crate::blocking::*;
    use crate::blocking::shadowing::{blocking};
 let client = zbus::blocking::Client::connect("redis://127.0.0.1:6379")?;
 let r#fn = blocking::FnClient::new(client);
 let answer = r#fn.fmt("formatter")?;
 println!("{answer:?}");

 for event in r#fn.poll_next()? {
     println!("{:?}", event?);
 }
    Ok(())
}

}
