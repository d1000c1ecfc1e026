//! `.proto` files that say what schemas say, from the JSON model of `zbusc model`.
//!
//! They are no heavier than need be: a lone struct is a request or a response itself, and what has no counterpart (networks, times)
//! is bytes or an integer.

use std::fmt::Write;

use serde::Deserialize;

/// The model, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Model {
    files: Vec<File>,
    types: Vec<Type>,
    objects: Vec<Object>,
}

#[derive(Debug, Deserialize)]
struct File {
    stem: String,
    imports: Vec<usize>,
    types: Vec<usize>,
    objects: Vec<usize>,
}

#[derive(Debug, Deserialize)]
struct Type {
    name: String,
    docs: String,
    file: usize,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Shape {
    Alias {
        #[serde(rename = "type")]
        of: Value,
    },
    Struct {
        fields: Vec<Field>,
    },
    Enum {
        members: Vec<Member>,
    },
    Union {
        arms: Vec<Arm>,
    },
    Error {
        variants: Vec<Variant>,
    },
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    docs: String,
    #[serde(rename = "type")]
    of: Value,
}

#[derive(Debug, Deserialize)]
struct Member {
    name: String,
    value: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Arm {
    name: String,
    #[serde(rename = "type")]
    of: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Variant {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Object {
    docs: String,
    type_name: String,
    methods: Vec<Method>,
    streams: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Method {
    name: String,
    docs: String,
    params: Vec<Field>,
    variadic: bool,
    returns: Vec<Return>,
}

#[derive(Debug, Deserialize)]
struct Return {
    name: Option<String>,
    #[serde(rename = "type")]
    of: Value,
}

#[derive(Debug, Deserialize)]
struct Stream {
    name: String,
    docs: String,
    #[serde(rename = "type")]
    of: Value,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Value {
    Optional {
        of: Box<Value>,
    },
    List {
        of: Box<Value>,
    },
    Map {
        key: Box<Value>,
        value: Box<Value>,
    },
    Named {
        index: usize,
    },
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    String,
    Timestamp,
    Duration,
    /// Bytes, networks and anything.
    #[serde(other)]
    Bytes,
}

impl Model {
    /// Objects, and their methods and streams.
    pub fn size(&self) -> (usize, usize) {
        let members = self.objects.iter().map(|object| object.methods.len() + object.streams.len()).sum();
        (self.objects.len(), members)
    }

    /// The name and the text of a `.proto` for each schema.
    pub fn protos(&self) -> Vec<(String, String)> {
        self.files
            .iter()
            .map(|file| {
                let mut proto = Proto { model: self, text: String::new(), wrappers: Vec::new(), empty: false };
                proto.file(file);
                (format!("{}.proto", file.stem), proto.text)
            })
            .collect()
    }
}

fn package(file: &File) -> String {
    file.stem.replace('-', "_").to_lowercase()
}

struct Proto<'a> {
    model: &'a Model,
    text: String,
    /// Messages for what cannot stand where it does: a list in a list, or in a map.
    wrappers: Vec<(String, Value)>,
    empty: bool,
}

impl Proto<'_> {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // A string can be written to.
        let _ = writeln!(self.text, "{text}");
    }

    fn docs(&mut self, indent: &str, docs: &str) {
        for line in docs.lines() {
            self.line(format_args!("{indent}// {line}"));
        }
    }

    fn file(&mut self, file: &File) {
        self.line(format_args!("syntax = \"proto3\";\npackage {};\n", package(file)));
        for &import in &file.imports {
            self.line(format_args!("import \"{}.proto\";", self.model.files[import].stem));
        }
        for &index in &file.types {
            self.declare(&self.model.types[index]);
        }
        for &index in &file.objects {
            self.service(&self.model.objects[index]);
        }
        if self.empty {
            self.line(format_args!("message Empty {{}}\n"));
        }
        // Writing one may ask for another.
        while let Some((name, of)) = self.wrappers.pop() {
            self.message(&name, &[Field { name: "values".to_owned(), docs: String::new(), of }]);
        }
    }

    fn declare(&mut self, declared: &Type) {
        let name = &declared.name;
        if !matches!(declared.shape, Shape::Alias { .. }) {
            self.docs("", &declared.docs);
        }
        match &declared.shape {
            // Aliases are seen through where they are used.
            Shape::Alias { .. } => {}
            Shape::Struct { fields } => self.message(name, fields),
            Shape::Enum { members } => self.enumeration(name, members),
            Shape::Union { arms } => {
                self.line(format_args!("message {name} {{\n  oneof value {{"));
                for (number, arm) in arms.iter().enumerate() {
                    let of = arm.of.as_ref().map_or_else(|| "bool".to_owned(), |of| self.single(of, &arm.name));
                    self.line(format_args!("    {of} {} = {};", arm.name, number + 1));
                }
                self.line(format_args!("  }}\n}}\n"));
            }
            Shape::Error { variants } => {
                self.line(format_args!("enum {name} {{\n  {name}_UNSPECIFIED = 0;"));
                for (number, variant) in variants.iter().enumerate() {
                    self.line(format_args!("  {name}_{} = {};", variant.name, number + 1));
                }
                self.line(format_args!("}}\n"));
            }
        }
    }

    fn enumeration(&mut self, name: &str, members: &[Member]) {
        let number = |index: usize, member: &Member| member.value.as_i64().unwrap_or(index as i64);
        self.line(format_args!("enum {name} {{"));
        let zero = members.iter().enumerate().position(|(index, member)| number(index, member) == 0);
        if zero.is_none() {
            self.line(format_args!("  {name}_UNSPECIFIED = 0;"));
        }
        // The zero stands first in a `.proto`.
        let first = zero.into_iter();
        for index in first.chain((0..members.len()).filter(|&index| Some(index) != zero)) {
            let member = &members[index];
            self.line(format_args!("  {name}_{} = {};", member.name, number(index, member)));
        }
        self.line(format_args!("}}\n"));
    }

    fn message(&mut self, name: &str, fields: &[Field]) {
        self.line(format_args!("message {name} {{"));
        for (number, field) in fields.iter().enumerate() {
            self.docs("  ", &field.docs);
            let of = self.field(&field.of, &format!("{name}{}", field.name));
            self.line(format_args!("  {of} {} = {};", field.name, number + 1));
        }
        self.line(format_args!("}}\n"));
    }

    fn service(&mut self, object: &Object) {
        let mut rpcs = String::new();
        for method in &object.methods {
            let name = format!("{}{}", object.type_name, method.name);
            let mut params: Vec<Field> =
                method.params.iter().map(|param| Field { of: param.of.clone(), ..field(&param.name) }).collect();
            if let (true, Some(last)) = (method.variadic, params.last_mut()) {
                last.of = Value::List { of: Box::new(last.of.clone()) };
            }
            let returns = method.returns.iter().enumerate().map(|(index, value)| {
                let name = value.name.clone().unwrap_or_else(|| format!("value{index}"));
                Field { of: value.of.clone(), ..field(&name) }
            });
            let request = self.envelope(format!("{name}Request"), params);
            let response = self.envelope(format!("{name}Response"), returns.collect());
            let _ = writeln!(rpcs, "{}  rpc {}({request}) returns ({response});", comment(&method.docs), method.name);
        }
        for stream in &object.streams {
            let event = vec![Field { of: stream.of.clone(), ..field("event") }];
            let request = self.envelope(String::new(), Vec::new());
            let event = self.envelope(format!("{}{}Event", object.type_name, stream.name), event);
            let _ =
                writeln!(rpcs, "{}  rpc {}({request}) returns (stream {event});", comment(&stream.docs), stream.name);
        }
        self.docs("", &object.docs);
        self.line(format_args!("service {} {{\n{rpcs}}}\n", object.type_name));
    }

    /// The message that carries values: a lone struct itself.
    fn envelope(&mut self, name: String, fields: Vec<Field>) -> String {
        match fields.as_slice() {
            [] => {
                self.empty = true;
                "Empty".to_owned()
            }
            [Field { of: of @ Value::Named { .. }, .. }] if self.is_message(of) => self.single(of, &name),
            fields => {
                self.message(&name, fields);
                name
            }
        }
    }

    fn seen_through<'v>(&self, value: &'v Value) -> &'v Value
    where
        Self: 'v,
    {
        let mut value = value;
        while let Value::Named { index } = value {
            match &self.model.types[*index].shape {
                Shape::Alias { of } => value = of,
                _ => break,
            }
        }
        value
    }

    fn is_message(&self, value: &Value) -> bool {
        match self.seen_through(value) {
            Value::Named { index } => {
                matches!(self.model.types[*index].shape, Shape::Struct { .. } | Shape::Union { .. })
            }
            _ => false,
        }
    }

    /// The type of a field; `place` names a wrapper, should one be needed.
    fn field(&mut self, value: &Value, place: &str) -> String {
        match self.seen_through(value).clone() {
            Value::Optional { of } => format!("optional {}", self.single(&of, place)),
            Value::List { of } => format!("repeated {}", self.single(&of, place)),
            Value::Map { key, value } => {
                let key = match self.seen_through(&key) {
                    Value::Named { .. } => "int32".to_owned(),
                    key => self.single(&key.clone(), place),
                };
                format!("map<{key}, {}>", self.single(&value, place))
            }
            value => self.single(&value, place),
        }
    }

    /// A type that stands alone: what cannot is wrapped.
    fn single(&mut self, value: &Value, place: &str) -> String {
        match self.seen_through(value).clone() {
            Value::Bool => "bool",
            Value::I8 | Value::I16 | Value::I32 => "int32",
            Value::U8 | Value::U16 | Value::U32 => "uint32",
            Value::I64 | Value::Timestamp | Value::Duration => "int64",
            Value::U64 => "uint64",
            Value::F32 => "float",
            Value::F64 => "double",
            Value::String => "string",
            Value::Bytes => "bytes",
            Value::Named { index } => {
                let named = &self.model.types[index];
                return format!(".{}.{}", package(&self.model.files[named.file]), named.name);
            }
            of @ (Value::Optional { .. } | Value::List { .. } | Value::Map { .. }) => {
                let name = format!("{place}Values");
                self.wrappers.push((name.clone(), of));
                return name;
            }
        }
        .to_owned()
    }
}

fn field(name: &str) -> Field {
    Field { name: name.to_owned(), docs: String::new(), of: Value::Bytes }
}

fn comment(docs: &str) -> String {
    docs.lines().fold(String::new(), |text, line| text + "  // " + line + "\n")
}
