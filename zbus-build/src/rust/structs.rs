//! Structs: a map from wire name to value.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use zbus_idl::schema::{Field, Struct, TypeId};

use super::docs;
use super::names::Scope;
use super::types::Types;

pub(super) fn structure(types: Types<'_>, id: TypeId, structure: &Struct) -> TokenStream {
    let def = &types.schema[id];
    let docs = docs::docs(&def.docs, || format!("The struct {}.", docs::code(&def.name)));
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let head = quote!(#docs #deprecated);
    let name = types.names.of_type(id);
    shape(types, id, &head, &types.derives.of(id), &quote!(pub struct), name, &structure.fields)
}

/// A struct of these fields, public or private, which belong to `owner`; `derives` are those beside what every struct has.
pub(super) fn shape(
    types: Types<'_>,
    owner: TypeId,
    head: &TokenStream,
    derives: &TokenStream,
    keyword: &TokenStream,
    name: &Ident,
    fields: &[Field],
) -> TokenStream {
    let mut scope = Scope::default();
    let names: Vec<Ident> = fields.iter().map(|field| scope.snake(&field.name)).collect();
    let declared = fields.iter().zip(&names).map(|(field, name)| self::field(types, owner, field, name));
    let derives_default = fields.iter().all(|field| types.default_is_zero(&field.ty));
    let derived = derives_default.then(|| quote!(Default,));
    let written = (!derives_default).then(|| {
        let zeros = fields.iter().map(|field| types.zero(&field.ty));
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
        #[derive(Clone, Debug, #derived PartialEq, #derives ::zbus::codegen::Serialize, ::zbus::codegen::Deserialize)]
        #[serde(crate = "::zbus::codegen::serde", default)]
        #keyword #name { #(#declared),* }
        #written
    }
}

fn field(types: Types<'_>, owner: TypeId, field: &Field, name: &Ident) -> TokenStream {
    let docs = docs::docs(&field.docs, || format!("The field {}.", docs::code(&field.wire_name)));
    let deprecated = docs::deprecated(field.deprecated.as_deref());
    let wire_name = &field.wire_name;
    let with = types.with(&field.ty).map(|with| quote!(, with = #with));
    let ty = types.member(owner, &field.ty);
    quote! {
        #docs
        #deprecated
        #[serde(rename = #wire_name #with)]
        pub #name: #ty
    }
}
