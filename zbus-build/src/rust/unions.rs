//! Unions: `{"Arm": value}`, or `"Arm"` where it carries nothing. Open, since another program may know more arms.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use zbus_idl::schema::{Arm, Type, TypeId, Union};

use super::docs;
use super::names::Scope;
use super::places::Place;
use super::types::{Types, as_path};

/// An arm with its names.
struct NamedArm<'a> {
    /// Those of its place.
    types: Types<'a>,
    attributes: TokenStream,
    arm: &'a Arm,
    name: Ident,
}

pub(super) fn union(types: Types<'_>, id: TypeId, union: &Union) -> TokenStream {
    let def = &types.schema[id];
    let docs = docs::docs(types, &def.docs, || format!("The union {}: one of its arms.", docs::code(&def.name)));
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let name = types.names.of_type(id);
    let mut scope = Scope::default();
    let arms: Vec<_> = union
        .arms
        .iter()
        .enumerate()
        .map(|(at, arm)| {
            let place = Place::Member(id, at);
            let attributes = types.settings.of_member(place);
            NamedArm { types: types.at(place), attributes, arm, name: scope.camel(&arm.name) }
        })
        .collect();
    let attributes = types.attributes(id, &["Clone", "Debug", "Default", "PartialEq", "Serialize", "Deserialize"]);
    let unknown = scope.first_free(&["Unknown", "UnknownArm"]);
    let declared = arms.iter().map(|arm| declaration(id, arm));
    let serialize = serialize(types, name, &arms, &unknown);
    let deserialize = deserialize(types, id, &arms, &unknown);
    quote! {
        #docs
        #deprecated
        #[derive(Clone, Debug, PartialEq)]
        #attributes
        pub enum #name {
            #(#declared,)*
            /// An arm that this schema does not know; with an empty name, no arm at all.
            #unknown {
                /// The arm's name.
                arm: ::std::string::String,
                /// What it carried; none where it was the name alone.
                value: ::core::option::Option<::zbus::types::Value>,
            },
        }
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self::#unknown { arm: ::std::string::String::new(), value: None }
            }
        }
        #serialize
        #deserialize
    }
}

fn declaration(owner: TypeId, NamedArm { types, attributes, arm, name }: &NamedArm<'_>) -> TokenStream {
    let docs = docs::member(*types, &arm.docs, &arm.wire_name, || format!("The arm {}.", docs::code(&arm.wire_name)));
    let deprecated = docs::deprecated(arm.deprecated.as_deref());
    let value = arm.ty.as_ref().map(|ty| {
        let ty = types.member(owner, ty);
        quote!((#ty))
    });
    quote!(#docs #deprecated #attributes #name #value)
}

fn serialize(types: Types<'_>, union: &Ident, arms: &[NamedArm<'_>], unknown: &Ident) -> TokenStream {
    let known = arms.iter().map(|NamedArm { types, arm, name, .. }| {
        let wire_name = &arm.wire_name;
        let Some(ty) = &arm.ty else {
            return quote!(Self::#name => serializer.serialize_str(#wire_name));
        };
        let value = carried(*types, ty);
        quote!(Self::#name(value) => serializer.collect_map([(#wire_name, #value)]))
    });
    let kept = carried(types, &Type::Any);
    let serializer = types.names.inner(types.file, "S");
    quote! {
        impl ::zbus::codegen::Serialize for #union {
            fn serialize<#serializer: ::zbus::codegen::serde::Serializer>(
                &self,
                serializer: #serializer,
            ) -> ::core::result::Result<#serializer::Ok, #serializer::Error> {
                match self {
                    #(#known,)*
                    Self::#unknown { arm, value: Some(value) } => {
                        serializer.collect_map([(arm, #kept)])
                    }
                    Self::#unknown { arm, .. } if arm.is_empty() => serializer.serialize_none(),
                    Self::#unknown { arm, .. } => serializer.serialize_str(arm),
                }
            }
        }
    }
}

/// The variable `value`, a reference, as it is serialized: itself or within its adapter.
fn carried(types: Types<'_>, ty: &Type) -> TokenStream {
    let Some(adapter) = types.adapter(ty) else {
        return quote!(value);
    };
    let (ty, with) = (types.owned(ty), as_path(&quote!(&#adapter)));
    let carried = types.names.inner(types.file, "Carried");
    quote! {{
        #[derive(::zbus::codegen::Serialize)]
        #[serde(crate = "zbus::codegen::serde", transparent)]
        struct #carried<'a>(#[serde(with = #with)] &'a #ty);
        #carried(value)
    }}
}

fn deserialize(types: Types<'_>, id: TypeId, arms: &[NamedArm<'_>], unknown: &Ident) -> TokenStream {
    let union = types.names.of_type(id);
    // An arm can carry a type of any name, so the body's own names are apart from all.
    let inner = |wanted| types.names.inner(types.file, wanted);
    let carried = inner("Carried");
    let (visitor, source, error, access) = (inner("ArmVisitor"), inner("D"), inner("E"), inner("A"));
    let expecting = format!("an arm of the union {}", types.schema[id].name);
    let bare = arms.iter().map(|NamedArm { types, arm, name, .. }| {
        let wire_name = &arm.wire_name;
        // A missing value is the zero value, here as in a struct.
        let value = arm.ty.as_ref().map(|ty| {
            let zero = types.zero(ty);
            quote!((#zero))
        });
        quote!(#wire_name => #union::#name #value)
    });
    let keyed = arms.iter().map(|NamedArm { types, arm, name, .. }| {
        let wire_name = &arm.wire_name;
        let read = match &arm.ty {
            None => quote! {{
                let ::zbus::codegen::serde::de::IgnoredAny = map.next_value()?;
                #union::#name
            }},
            Some(ty) => match types.adapter(ty) {
                None => {
                    let ty = types.member(id, ty);
                    quote!(#union::#name(map.next_value::<#ty>()?))
                }
                Some(adapter) => {
                    let (ty, with) = (types.owned(ty), as_path(&adapter));
                    quote! {{
                        #[derive(::zbus::codegen::Deserialize)]
                        #[serde(crate = "zbus::codegen::serde", transparent)]
                        struct #carried(#[serde(with = #with)] #ty);
                        #union::#name(map.next_value::<#carried>()?.0)
                    }}
                }
            },
        };
        quote!(#wire_name => #read)
    });
    quote! {
        impl<'de> ::zbus::codegen::Deserialize<'de> for #union {
            fn deserialize<#source: ::zbus::codegen::serde::Deserializer<'de>>(
                deserializer: #source,
            ) -> ::core::result::Result<Self, #source::Error> {
                struct #visitor;
                impl<'de> ::zbus::codegen::serde::de::Visitor<'de> for #visitor {
                    type Value = #union;
                    fn expecting(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        formatter.write_str(#expecting)
                    }
                    fn visit_unit<#error: ::zbus::codegen::serde::de::Error>(
                        self,
                    ) -> ::core::result::Result<Self::Value, #error> {
                        Ok(#union::default())
                    }
                    fn visit_none<#error: ::zbus::codegen::serde::de::Error>(
                        self,
                    ) -> ::core::result::Result<Self::Value, #error> {
                        Ok(#union::default())
                    }
                    fn visit_str<#error: ::zbus::codegen::serde::de::Error>(
                        self,
                        arm: &str,
                    ) -> ::core::result::Result<Self::Value, #error> {
                        Ok(match arm {
                            #(#bare,)*
                            arm => #union::#unknown {
                                arm: ::std::string::String::from(arm),
                                value: None,
                            },
                        })
                    }
                    fn visit_map<#access: ::zbus::codegen::serde::de::MapAccess<'de>>(
                        self,
                        mut map: #access,
                    ) -> ::core::result::Result<Self::Value, #access::Error> {
                        let Some(arm) = map.next_key::<::zbus::codegen::ArmName<'de>>()? else {
                            return Ok(#union::default());
                        };
                        let value = match arm.as_str() {
                            #(#keyed,)*
                            _ => {
                                let value = map.next_value()?;
                                #union::#unknown { arm: arm.into_string(), value: Some(value) }
                            }
                        };
                        if map.next_key::<::zbus::codegen::serde::de::IgnoredAny>()?.is_some() {
                            return Err(::zbus::codegen::serde::de::Error::custom(
                                "a union has one arm, and this map has several keys",
                            ));
                        }
                        Ok(value)
                    }
                }
                deserializer.deserialize_any(#visitor)
            }
        }
    }
}
