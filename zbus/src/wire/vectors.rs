//! The requests and responses of the Go library's byte vectors.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use serde_with::Same;

use super::*;
use crate::status::Status;
use crate::types::Value;

#[derive(Deserialize)]
struct Vector {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    hex: String,
    value: Json,
}

fn vectors(generation: Generation) -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        vectors: Vec<Vector>,
    }
    let text = match generation {
        Generation::Zero => include_str!("../../../tests/interop/vectors/generation-0.json"),
        _ => include_str!("../../../tests/interop/vectors/generation-1.json"),
    };
    serde_json::from_str::<File>(text).unwrap().vectors
}

fn bytes(hex: &str) -> bytes::Bytes {
    hex::decode(hex).unwrap().into()
}

/// All of them as they are, of both generations.
pub(crate) fn vector_bytes() -> Vec<Vec<u8>> {
    let vectors = [Generation::Zero, Generation::One].map(vectors);
    vectors.iter().flatten().map(|vector| hex::decode(&vector.hex).unwrap()).collect()
}

/// A value in the vectors' notation.
fn notation(value: &Value) -> Json {
    match value {
        Value::Integer(number) => json!(number.to_string()),
        Value::F64(number) if number.fract() == 0.0 => json!(number.round().to_string().parse::<i64>().unwrap()),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text.as_str()),
        other => panic!("{other}"),
    }
}

#[test]
fn every_request_is_read_as_stated_and_written_as_go_reads_it() {
    for generation in [Generation::Zero, Generation::One] {
        for vector in vectors(generation).iter().filter(|vector| vector.ty == "request") {
            let message = bytes(&vector.hex);
            let request = Request::decode(&message).unwrap();
            assert!(Request::usual(&message).is_some(), "{}", vector.name);
            let object = crate::ObjectId::new(request.object, request.version);
            assert_eq!(request.generation, generation, "{}", vector.name);
            let given = request.arguments.clone().share(message.clone());
            let arguments: Vec<Value> = given.iter().map(|argument| decode::<Value>(argument).unwrap()).collect();
            let read = json!({
                "id": request.id, "object": object.to_string(), "method": request.method,
                "reply_to": request.reply_to, "args": arguments.iter().map(notation).collect::<Vec<_>>(),
            });
            assert_eq!(read, vector.value, "{}", vector.name);
            assert_eq!((request.deadline, request.one_way, request.metadata.len()), (None, false, 0));

            let mut bins = Bins::default();
            for argument in &arguments {
                bins.push::<adapter::Any, _>(argument).unwrap();
            }
            let written = OutgoingRequest {
                generation,
                id: request.id,
                destination: &Destination::new(&object, request.reply_to),
                method: request.method,
                arguments: &bins,
                deadline: None,
                metadata: &request.metadata,
                one_way: false,
            };
            let written = written.encode().unwrap();
            assert!(Request::usual(&written).is_some(), "{}", vector.name);
            // But for the width of a bin's length, the bytes are Go's own.
            let written = hex::encode(written).replace("c600000009", "c409");
            assert_eq!(written, vector.hex, "{}", vector.name);
        }
    }
}

#[test]
fn every_response_is_read_as_stated_and_written_as_go_reads_it() {
    for generation in [Generation::Zero, Generation::One] {
        for vector in vectors(generation).iter().filter(|vector| vector.ty == "response") {
            let name = &vector.name;
            let message = bytes(&vector.hex);
            let (id, response) = Response::decode(&message).unwrap();
            assert_eq!(json!(id), vector.value["id"], "{name}");
            let usual = generation == Generation::One && vector.value.get("call_error").is_none_or(Json::is_null);
            assert_eq!(Response::usual(&message).is_some(), usual, "{name}");
            let answered = match response.body {
                Body::One { .. } => Generation::One,
                Body::Zero { .. } => Generation::Zero,
            };
            assert_eq!(answered, generation, "{name}");
            if let Some(message) = vector.value.get("bus_error") {
                let (kind, text) = *response.rejection.unwrap();
                assert_eq!((json!(text), kind), (message.clone(), crate::RejectionKind::UnknownObject), "{name}");
                continue;
            }
            assert!(response.rejection.is_none(), "{name}");
            let mut written = OutgoingResponse::new(generation, id);
            if let Some(stated) = vector.value.get("status") {
                let values = response.body.returns(1, false).unwrap().unwrap();
                let status: Status = decode(&values.last().unwrap()).unwrap();
                assert_eq!(go_status(&status), *stated, "{name}");
                written.value::<Same, _>(&status).unwrap();
            } else {
                let throws = vector.value.get("call_error").is_some();
                let stated = vector.value["returns"].as_array().unwrap();
                match response.body.returns(stated.len(), throws).unwrap() {
                    Ok(values) => {
                        let values: Vec<Value> = values.map(|value| decode(&value).unwrap()).collect();
                        assert_eq!(values.iter().map(notation).collect::<Vec<_>>(), *stated, "{name}");
                        for value in &values {
                            written.value::<adapter::Any, _>(value).unwrap();
                        }
                        if throws {
                            written.throws(None);
                        }
                    }
                    Err(thrown) => {
                        assert_eq!(json!(thrown.message), vector.value["call_error"], "{name}");
                        written.value::<Same, f64>(&0.0).unwrap();
                        written.throws(Some(crate::Failure::new(thrown.message)));
                    }
                }
            }
            let mut written = hex::encode(written.encode().unwrap());
            // But for the width of a bin's length, and the nil that rbus needs inside `Data`, the bytes are Go's own.
            written = written.replace("c6000000", "c4");
            if name == "response_no_value" {
                written = written.replace("a444617461c401c0", "a444617461c0");
            }
            assert_eq!(written, vector.hex, "{name}");
        }
    }
}

/// The status in the JSON of the Go library.
fn go_status(status: &Status) -> Json {
    json!({
        "objects": status.objects.iter().map(|object| json!({"Name": object.name, "Version": object.version})).collect::<Vec<_>>(),
        "workers": status.workers.iter().map(|worker| {
            let mut json = json!({"state": worker.state, "time": worker.start_time.to_string()});
            if !worker.action.is_empty() {
                json["action"] = json!(worker.action);
            }
            json
        }).collect::<Vec<_>>(),
    })
}

#[test]
fn no_prefix_and_no_changed_byte_of_a_message_panics() {
    for vector in vectors(Generation::Zero).iter().chain(&vectors(Generation::One)) {
        let whole = bytes(&vector.hex);
        let read = |message: bytes::Bytes| {
            let _ = Request::decode(&message);
            let _ = reply_address(&message);
            if let Ok((_, response)) = Response::decode(&message) {
                let _ = response.body.clone().returns(1, true);
                let _ = response.body.returns(3, false);
            }
            let _ = decode::<Status>(&message);
            let _ = decode::<Value>(&message);
        };
        for end in 0..whole.len() {
            read(whole.slice(..end));
            for byte in [0x00, 0x7f, 0x80, 0x91, 0xc0, 0xc6, 0xdb, 0xdd, 0xdf, 0xff] {
                let mut changed = whole.to_vec();
                changed[end] = byte;
                read(changed.into());
            }
        }
    }
}
