//! The messages, as strict as rbus' own: a field that is missing is an error, one that is not known is ignored.

use std::fmt::{self, Display};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use uuid::Uuid;

/// What a call or a dispatch ends with instead of values.
#[derive(Debug)]
pub enum Error {
    /// The server has no such object.
    UnknownObject(String),
    /// The object has no such method.
    UnknownMethod(String),
    /// The request has fewer arguments.
    ArgumentOutOfRange(usize),
    /// Redis, or the other side's words where it could not run the method.
    Protocol(String),
    /// Bytes that are not what they should be.
    Encoding(String),
    /// What the method itself says.
    Call(CallError),
}

impl Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownObject(name) => write!(formatter, "unknown object '{name}'"),
            Self::UnknownMethod(name) => write!(formatter, "unknown method '{name}'"),
            Self::ArgumentOutOfRange(index) => write!(formatter, "no argument found at index {index}"),
            Self::Protocol(message) => write!(formatter, "protocol error: {message}"),
            Self::Encoding(message) => write!(formatter, "encoding error: {message}"),
            Self::Call(error) => write!(formatter, "remote call failed with error '{}'", error.message),
        }
    }
}

impl std::error::Error for Error {}

/// The name and version of an object.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ObjectName {
    /// Its name.
    #[serde(rename = "Name")]
    pub name: String,
    /// Its version, which may be empty.
    #[serde(rename = "Version")]
    pub version: String,
}

impl ObjectName {
    /// The name of an object.
    pub fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned() }
    }
}

impl Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.version.is_empty() {
            write!(formatter, "@{}", self.version)?;
        }
        Ok(())
    }
}

/// Structs travel as maps.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<ByteBuf, Error> {
    rmp_serde::to_vec_named(value).map(ByteBuf::from).map_err(|error| Error::Encoding(error.to_string()))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    rmp_serde::from_slice(bytes).map_err(|error| Error::Encoding(error.to_string()))
}

/// The arguments of a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Inputs(Vec<ByteBuf>);

impl Inputs {
    /// The argument at that place. rbus has no other way to look at them: whether there are more is not seen.
    pub fn at<T: DeserializeOwned>(&self, index: usize) -> Result<T, Error> {
        decode(self.0.get(index).ok_or(Error::ArgumentOutOfRange(index))?)
    }
}

/// A request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Request {
    /// A UUID.
    #[serde(rename = "ID")]
    pub id: String,
    /// The arguments.
    #[serde(rename = "Inputs")]
    pub inputs: Inputs,
    /// Whom it is for.
    #[serde(rename = "Object")]
    pub object: ObjectName,
    /// The same UUID; no server on rbus reads it.
    #[serde(rename = "ReplyTo")]
    pub reply_to: String,
    /// The method's name.
    #[serde(rename = "Method")]
    pub method: String,
}

impl Request {
    /// A request without arguments.
    pub fn new(object: ObjectName, method: &str) -> Self {
        let id = Uuid::new_v4().to_string();
        Self { id: id.clone(), inputs: Inputs::default(), object, reply_to: id, method: method.to_owned() }
    }

    /// Adds an argument.
    pub fn arg<T: Serialize>(mut self, argument: &T) -> Result<Self, Error> {
        self.inputs.0.push(encode(argument)?);
        Ok(self)
    }
}

/// What a method says went wrong.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallError {
    /// In these words.
    #[serde(rename = "Message")]
    pub message: String,
}

/// What a method has returned. Always there in a reply, empty where the method did not run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Output {
    /// The value, several as an array; nothing at all beside an error.
    #[serde(rename = "Data")]
    pub data: ByteBuf,
    /// What the method says went wrong.
    #[serde(rename = "Error")]
    pub error: Option<CallError>,
}

impl Output {
    /// What a method has returned.
    pub fn of<T: Serialize, E: Display>(result: Result<T, E>) -> Result<Self, Error> {
        Ok(match result {
            Ok(value) => Self { data: encode(&value)?, error: None },
            Err(error) => Self { data: ByteBuf::default(), error: Some(CallError { message: error.to_string() }) },
        })
    }

    /// The value.
    pub fn value<T: DeserializeOwned>(self) -> Result<T, Error> {
        match self.error {
            Some(error) => Err(Error::Call(error)),
            None => decode(&self.data),
        }
    }
}

/// A reply.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Response {
    /// The request's.
    #[serde(rename = "ID")]
    pub id: String,
    /// What the method has returned.
    #[serde(rename = "Output")]
    pub output: Output,
    /// Why the method was not run.
    #[serde(rename = "Error")]
    pub error: Option<String>,
}
