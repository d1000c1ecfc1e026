//! The lines of a contract's text, of which each depends on one method, stream or type alone.

use std::fmt::Write as _;

use crate::schema::{
    EnumRepr, Field, MemberValue, Method, Schema, Stream, Throws, Type, TypeDef, TypeId, TypeKind, Variant,
};

pub(super) fn by_wire_name<T>(items: &[T], wire_name: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by_key(|item| wire_name(item));
    sorted
}

/// A text with its length in bytes before it, so that it may hold anything.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.0.len(), self.0)
    }
}

/// A line in which the types that it refers to have no number yet.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// Where a number is due, in bytes of the text, and that of which type.
    pub(super) references: Vec<(usize, TypeId)>,
}

impl Line {
    fn new(text: String) -> Self {
        Self { text, references: Vec::new() }
    }

    /// What a type is, to be put behind its own number.
    pub(super) fn of_type(schema: &Schema, def: &TypeDef) -> Self {
        let mut line = Self::new(String::new());
        line.type_def(schema, def);
        line
    }

    pub(super) fn of_method(schema: &Schema, method: &Method) -> Self {
        let word = if method.oneway { "oneway" } else { "method" };
        let mut line = Self::new(format!("{word} {} (", Quoted(&method.wire_name)));
        for (index, param) in method.params.iter().enumerate() {
            line.separate(index);
            if method.variadic && index + 1 == method.params.len() {
                line.text.push_str("...");
            }
            line.ty(schema, &param.ty);
        }
        line.text.push(')');
        if !method.oneway {
            line.text.push_str(" (");
            for (index, returned) in method.returns.iter().enumerate() {
                line.separate(index);
                line.ty(schema, &returned.ty);
            }
            line.text.push_str(") ");
            match method.throws {
                Throws::Never => line.text.push_str("never"),
                Throws::Message => line.text.push_str("message"),
                Throws::Typed(id) => line.reference(id),
            }
        }
        line
    }

    pub(super) fn of_stream(schema: &Schema, stream: &Stream) -> Self {
        let mut line = Self::new(format!("stream {} ", Quoted(&stream.wire_name)));
        line.ty(schema, &stream.ty);
        line
    }

    fn type_def(&mut self, schema: &Schema, def: &TypeDef) {
        match &def.kind {
            // What it stands for is written in its place, so nothing refers to it.
            TypeKind::Alias(_) => {}
            TypeKind::Struct(one) => {
                self.text.push_str("struct {");
                self.fields(schema, &one.fields);
                self.text.push('}');
            }
            TypeKind::Enum(one) => {
                let repr = match one.repr {
                    EnumRepr::String => "string",
                    EnumRepr::Integer(integer) => integer.name(),
                };
                self.push(format_args!("enum {repr} {{"));
                let mut values: Vec<&MemberValue> = one.members.iter().map(|member| &member.value).collect();
                values.sort_by_key(|value| match value {
                    MemberValue::String(text) => (0, text.as_str()),
                    MemberValue::Integer(number) => (*number, ""),
                });
                for (index, value) in values.into_iter().enumerate() {
                    self.separate(index);
                    match value {
                        MemberValue::String(text) => self.push(format_args!("{}", Quoted(text))),
                        MemberValue::Integer(number) => self.push(format_args!("{number}")),
                    }
                }
                self.text.push('}');
            }
            TypeKind::Union(one) => {
                self.text.push_str("union {");
                for (index, arm) in by_wire_name(&one.arms, |arm| &arm.wire_name).into_iter().enumerate() {
                    self.separate(index);
                    self.push(format_args!("{}", Quoted(&arm.wire_name)));
                    if let Some(ty) = &arm.ty {
                        self.text.push(' ');
                        self.ty(schema, ty);
                    }
                }
                self.text.push('}');
            }
            TypeKind::Error(one) => {
                self.text.push_str("error {");
                let variants: Vec<&Variant> = by_wire_name(&one.variants, |variant| &variant.wire_name);
                for (index, variant) in variants.into_iter().enumerate() {
                    self.separate(index);
                    self.push(format_args!("{} {{", Quoted(&variant.wire_name)));
                    self.fields(schema, &variant.fields);
                    self.text.push('}');
                }
                self.text.push('}');
            }
        }
    }

    fn fields(&mut self, schema: &Schema, fields: &[Field]) {
        for (index, field) in by_wire_name(fields, |field| &field.wire_name).into_iter().enumerate() {
            self.separate(index);
            self.push(format_args!("{} ", Quoted(&field.wire_name)));
            self.ty(schema, &field.ty);
        }
    }

    /// Prefixes and then a name, so that a type of any depth, which aliases can build, takes no recursion.
    fn ty<'a>(&mut self, schema: &'a Schema, mut ty: &'a Type) {
        loop {
            let name = match schema.resolve(ty) {
                Type::Optional(item) => {
                    self.text.push('?');
                    ty = item;
                    continue;
                }
                Type::List(item) => {
                    self.text.push_str("[]");
                    ty = item;
                    continue;
                }
                Type::Map(key, value) => {
                    self.text.push('{');
                    match schema.resolve(key) {
                        Type::Integer(integer) => self.text.push_str(integer.name()),
                        Type::Named(id) => self.reference(*id),
                        _ => self.text.push_str("string"),
                    }
                    self.text.push('}');
                    ty = value;
                    continue;
                }
                Type::Named(id) => return self.reference(*id),
                scalar => scalar.scalar_name(),
            };
            return self.text.push_str(name.unwrap_or_default());
        }
    }

    fn reference(&mut self, id: TypeId) {
        self.text.push('#');
        self.references.push((self.text.len(), id));
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.text.push(',');
        }
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        _ = self.text.write_fmt(text);
    }
}
