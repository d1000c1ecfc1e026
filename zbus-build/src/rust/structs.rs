//! Structs: a map from wire name to value.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use zbus_idl::schema::{Field, Struct, TypeId};

use super::docs;
use super::names::Scope;
use super::places::Place;
use super::texts::{indented, line};
use super::types::{Types, compact};

pub(super) fn structure(types: Types<'_>, id: TypeId, structure: &Struct) -> TokenStream {
    let def = &types.schema[id];
    let docs = docs::docs(types, &def.docs, || format!("The struct {}.", docs::code(&def.name)));
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let attributes = types.attributes(id, &["Clone", "Debug", "Default", "PartialEq", "Serialize", "Deserialize"]);
    let shape = Shape {
        head: format!("{docs}{deprecated}"),
        derives: types.derives.names(id),
        attributes,
        keyword: "pub struct",
        is_public: true,
        name: types.names.of_type(id),
        fields: &structure.fields,
        place: &|at| Place::Member(id, at),
    };
    shape.write(types, id)
}

/// A struct of these fields, public or private.
pub(super) struct Shape<'a> {
    pub(super) head: String,
    /// Those beside what every struct has.
    pub(super) derives: Vec<&'static str>,
    /// The user's.
    pub(super) attributes: TokenStream,
    pub(super) keyword: &'static str,
    pub(super) name: &'a Ident,
    pub(super) fields: &'a [Field],
    /// The fields have the user's attributes.
    pub(super) is_public: bool,
    /// Of each field.
    pub(super) place: &'a dyn Fn(usize) -> Place,
}

impl Shape<'_> {
    /// The struct, which belongs to `owner`.
    pub(super) fn write(self, types: Types<'_>, owner: TypeId) -> TokenStream {
        let Self { head, derives, attributes, keyword, name, fields, is_public, place } = self;
        let mut scope = Scope::default();
        let names: Vec<Ident> = fields.iter().map(|field| scope.snake(&field.name)).collect();
        let placed = || fields.iter().enumerate().map(|(at, field)| (types.at(place(at)), field));
        let derives_default = placed().all(|(types, field)| types.default_is_zero(&field.ty));
        let written = (!derives_default).then(|| {
            let zeros = placed().map(|(types, field)| types.zero(&field.ty));
            quote! {
                impl ::core::default::Default for #name {
                    fn default() -> Self {
                        Self { #(#names: #zeros),* }
                    }
                }
            }
        });
        let derived = if derives_default { "Default, " } else { "" };
        let derives = derives.iter().fold(String::new(), |derives, name| derives + name + ", ");
        let mut declared = String::new();
        for (at, ((types, field), name)) in placed().zip(&names).enumerate() {
            let attributes = if is_public { types.settings.of_member(place(at)) } else { TokenStream::new() };
            self::field(&mut declared, types, owner, field, name, &attributes);
        }
        let body = if fields.is_empty() { String::new() } else { format!("\n{}", indented(&declared)) };
        let structure = types.texts.members(
            1,
            [format!(
                "{head}\
                 #[derive(Clone, Debug, {derived}PartialEq, {derives}::zbus::codegen::Serialize, ::zbus::codegen::Deserialize)]\n\
                 #[serde(crate = \"zbus::codegen::serde\", default)]\n\
                 {attributes}\
                 {keyword} {name} {{{body}}}\n"
            )],
        );
        quote!(#structure #written)
    }
}

fn field(text: &mut String, types: Types<'_>, owner: TypeId, field: &Field, name: &Ident, attributes: &TokenStream) {
    let docs =
        docs::member(types, &field.docs, &field.wire_name, || format!("The field {}.", docs::code(&field.wire_name)));
    let deprecated = docs::deprecated(field.deprecated.as_deref());
    let wire_name = Literal::string(&field.wire_name);
    let with = types.with(&field.ty).map(|with| format!(", with = \"{with}\"")).unwrap_or_default();
    let ty = compact(&types.member(owner, &field.ty));
    line(text, format_args!("{docs}{deprecated}#[serde(rename = {wire_name}{with})]\n{attributes}pub {name}: {ty},"));
}
