//! Structs: a map from wire name to value.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use zbus_idl::schema::{Field, Struct, TypeId};

use super::docs;
use super::names::Scope;
use super::places::Place;
use super::types::Types;

pub(super) fn structure(types: Types<'_>, id: TypeId, structure: &Struct) -> TokenStream {
    let def = &types.schema[id];
    let docs = docs::docs(types, &def.docs, || format!("The struct {}.", docs::code(&def.name)));
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let attributes = types.attributes(id, &["Clone", "Debug", "Default", "PartialEq", "Serialize", "Deserialize"]);
    let shape = Shape {
        head: quote!(#docs #deprecated),
        derives: types.derives.of(id),
        attributes,
        keyword: quote!(pub struct),
        is_public: true,
        name: types.names.of_type(id),
        fields: &structure.fields,
        place: &|at| Place::Member(id, at),
    };
    shape.write(types, id)
}

/// A struct of these fields, public or private.
pub(super) struct Shape<'a> {
    pub(super) head: TokenStream,
    /// Those beside what every struct has.
    pub(super) derives: TokenStream,
    /// The user's.
    pub(super) attributes: TokenStream,
    pub(super) keyword: TokenStream,
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
        let declared = placed().zip(&names).enumerate().map(|(at, ((types, field), name))| {
            let attributes = is_public.then(|| types.settings.of_member(place(at)));
            self::field(types, owner, field, name, attributes.as_ref())
        });
        let derives_default = placed().all(|(types, field)| types.default_is_zero(&field.ty));
        let derived = derives_default.then(|| quote!(Default,));
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
        quote! {
            #head
            #[derive(
                Clone, Debug, #derived PartialEq, #derives ::zbus::codegen::Serialize, ::zbus::codegen::Deserialize
            )]
            #[serde(crate = "::zbus::codegen::serde", default)]
            #attributes
            #keyword #name { #(#declared),* }
            #written
        }
    }
}

fn field(
    types: Types<'_>,
    owner: TypeId,
    field: &Field,
    name: &Ident,
    attributes: Option<&TokenStream>,
) -> TokenStream {
    let docs =
        docs::member(types, &field.docs, &field.wire_name, || format!("The field {}.", docs::code(&field.wire_name)));
    let deprecated = docs::deprecated(field.deprecated.as_deref());
    let wire_name = &field.wire_name;
    let with = types.with(&field.ty).map(|with| quote!(, with = #with));
    let ty = types.member(owner, &field.ty);
    quote! {
        #docs
        #deprecated
        #[serde(rename = #wire_name #with)]
        #attributes
        pub #name: #ty
    }
}
