//! The client's stub: encodes arguments, sends the request, decodes what comes back.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use zbus_idl::schema::{Lag, LagPolicy, Return, Throws};

use super::example::{self, Calls};
use super::{MethodContext, ObjectContext, Parameter, StreamContext};
use crate::rust::consts;
use crate::rust::docs::{self, Docs};
use crate::rust::texts::{indented, line};
use crate::rust::types::{Argument, Passed, compact};

pub(super) fn client(object: ObjectContext<'_>) -> TokenStream {
    let client = &object.names.client;
    let docs = docs::before(object.types, &format!("Calls {}.", object.described()), &object.object.docs);
    let example = example::client(object, Calls::Async);
    let deprecated = object.deprecated();
    let set = set(object);
    let methods = object.methods().map(|method| self::method(object, &method));
    let methods = object.types.texts.members(2, std::iter::once(NEW.to_owned()).chain(methods));
    let streams = streams(object);
    quote! {
        #docs
        #example
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #client {
            object: ::zbus::client::RemoteObject,
        }
        impl #client {
            #methods
            #(#streams)*
        }
        /// Which server is called, and how.
        impl #client {
            #set
        }
    }
}

/// How it is made.
const NEW: &str = "/// Calls it in the module that the schema names, [`Self::MODULE`].
#[must_use]
pub fn new(client: ::zbus::Client) -> Self {
    Self::with_module(client, Self::MODULE)
}
";

/// How it is set.
fn set(object: ObjectContext<'_>) -> TokenStream {
    let (id, module, contract) = (compact(&object.id()), Literal::string(object.module()), object.contract);
    let consts = format!(
        r#"/// The bus name of the module that the schema names.
pub const MODULE: &'static str = {module};
/// The hash of the object's contract, which changes with what travels: a server's status tells its own.
pub const CONTRACT: &'static str = "{contract}";
"#
    );
    let with_module = format!(
        "/// Calls it in a module of another name.
#[must_use]
pub fn with_module(client: ::zbus::Client, module: impl ::core::convert::Into<::std::string::String>) -> Self {{
    Self {{
        object: ::zbus::client::RemoteObject::new(client, module, {id}),
    }}
}}
"
    );
    let with_settings = "/// The like with this time limit for each call, in place of the client's and the schema's.
#[must_use]
pub fn with_timeout(self, timeout: ::core::time::Duration) -> Self {
    Self {
        object: self.object.with_timeout(timeout),
    }
}
/// The like with these options for each call; what they do not say stays as it is.
#[must_use]
pub fn with_options(self, options: ::zbus::CallOptions) -> Self {
    Self {
        object: self.object.with_options(options),
    }
}
";
    object.types.texts.members(2, [consts, with_module, with_settings.to_owned()])
}

fn method(object: ObjectContext<'_>, method: &MethodContext<'_>) -> String {
    let mut scope = object.names.locals.clone();
    let (request, reply, item) = (scope.allocate("request"), scope.allocate("reply"), scope.allocate("item"));
    let (params, rest) = method.split_params();
    let mut encode = String::new();
    for Parameter { name, schema_name, ty } in params {
        let Argument { passed, is_reference, .. } = method.types.argument(ty);
        let (under, schema_name) = (passed.parameters(), Literal::string(schema_name));
        let borrowed = if is_reference { "" } else { "&" };
        line(&mut encode, format_args!("{request}.argument::<{under}>({schema_name}, {borrowed}{name})?;"));
    }
    if let Some(Parameter { name, schema_name, ty }) = rest {
        let (under, schema_name) = (method.types.passed(ty).parameters(), Literal::string(schema_name));
        line(&mut encode, format_args!("for {item} in {name} {{"));
        line(&mut encode, format_args!("    {request}.argument::<{under}>({schema_name}, {item})?;\n}}"));
    }
    let mutable = if encode.is_empty() { "" } else { "mut " };
    let limit = method.method.timeout.map(|limit| {
        let (seconds, nanoseconds) = (limit.as_secs().into(), limit.subsec_nanos().into());
        let (seconds, nanoseconds) = (consts::integer(seconds), consts::integer(nanoseconds));
        format!(".method_timeout(::core::time::Duration::new({seconds}, {nanoseconds}))")
    });
    let limit = limit.unwrap_or_default();
    let idempotent = if method.method.idempotent { ".idempotent()" } else { "" };
    let wire_name = Literal::string(&method.method.wire_name);
    let mut body = String::new();
    line(&mut body, format_args!("let {mutable}{request} = self.object.request({wire_name}){limit}{idempotent};"));
    body += &encode;
    send(&mut body, method, &request, &reply);
    let (docs, deprecated, name) = (method_docs(method), method.deprecated(), method.name);
    let params = method
        .borrowed_params()
        .into_iter()
        .fold(String::new(), |params, (name, ty)| format!("{params}, {name}: {}", compact(&ty)));
    let (output, error) = (compact(&method.output()), compact(&method.client_error()));
    format!(
        "{docs}{deprecated}\
         pub async fn {name}(&self{params}) -> ::core::result::Result<{output}, {error}> {{\n{}}}\n",
        indented(&body)
    )
}

/// Those of a client's method, async or blocking.
pub(super) fn method_docs(method: &MethodContext<'_>) -> Docs {
    let limit =
        method.method.timeout.map(|limit| format!(" Waits {limit:?}, unless [`Self::with_timeout`] says otherwise."));
    let errors = match method.method.throws {
        _ if method.method.oneway => "A [`zbus::Error`] where the broker does not take it. Nobody answers.".to_owned(),
        Throws::Never => "A [`zbus::Error`] where no answer comes, or none that can be read.".to_owned(),
        Throws::Message => {
            "[`zbus::Error::Remote`] is what the method throws; others are that no answer comes, or none that can be read.".to_owned()
        }
        Throws::Typed(id) => format!(
            "[`zbus::CallError::Declared`] has the {} that the method throws; [`zbus::CallError::Bus`] is that no answer comes, \
             or none that can be read.",
            method.types.link_to(method.types.schema[id].file.index(), method.types.names.of_type(id))
        ),
    };
    method.docs(&format!("{}\n\n# Errors\n{errors}", limit.unwrap_or_default()))
}

/// Sends the request and gives what the reply holds.
fn send(body: &mut String, method: &MethodContext<'_>, request: &Ident, reply: &Ident) {
    if method.method.oneway {
        return line(body, format_args!("{request}.send().await"));
    }
    let count = method.returns().len();
    let throwing = if method.throws() { "_throwing" } else { "" };
    let error = match method.method.throws {
        Throws::Typed(id) => format!(".map_err({}::from_call)", compact(&method.types.path(id))),
        Throws::Never | Throws::Message => String::new(),
    };
    let call = format!("{request}.call{throwing}({count}).await");
    let value = |found: &Return| format!("{reply}.value::<{}>()", method.types.passed(&found.ty).parameters());
    let values: Vec<_> = method.returns().iter().map(value).collect();
    // One value stands without parentheses, and is the result itself where the errors are the same.
    let result = match (values.as_slice(), method.method.throws) {
        ([], _) => return line(body, format_args!("{call}.map(|_| ()){error}")),
        ([value], Throws::Never | Throws::Message) => value.clone(),
        ([value], Throws::Typed(_)) => format!("Ok({value}?)"),
        (values, _) => format!("Ok(({}?))", values.join("?, ")),
    };
    line(body, format_args!("let mut {reply} = {call}{error}?;\n{result}"));
}

fn streams(object: ObjectContext<'_>) -> impl Iterator<Item = TokenStream> {
    object.streams().map(|context| {
        let StreamContext { types, stream, name } = context;
        let docs = stream_docs(context);
        let deprecated = docs::deprecated(stream.deprecated.as_deref());
        let wire_name = &stream.wire_name;
        let Passed { adapter, ty } = types.passed(&stream.ty);
        let subscribe = quote!(self.object.subscribe::<#adapter, #ty>(#wire_name).await);
        let subscribe = match stream.lag.map(lag) {
            Some(lag) => quote!(Ok(#subscribe?.with_lag(#lag))),
            None => subscribe,
        };
        quote! {
            #docs
            #deprecated
            pub async fn #name(&self) -> ::core::result::Result<::zbus::Subscription<#ty>, ::zbus::Error> {
                #subscribe
            }
        }
    })
}

/// Those of what listens, async or blocking.
pub(super) fn stream_docs(StreamContext { types, stream, .. }: StreamContext<'_>) -> Docs {
    let listens = format!("Listens to the events {}: subscribed when this returns.", docs::code(&stream.wire_name));
    let lag = stream.lag.map(lag_sentence).unwrap_or_default();
    let errors = "\n\n# Errors\nA [`zbus::Error`] where the broker is out of reach or refuses.";
    docs::docs_and(types, &stream.docs, &(listens + &lag + errors))
}

fn lag(lag: Lag) -> TokenStream {
    let events = consts::integer(lag.capacity.into());
    match lag.policy {
        LagPolicy::Error => quote!(::zbus::Lag::error(#events)),
        LagPolicy::DropOldest => quote!(::zbus::Lag::drop_oldest(#events)),
    }
}

/// What a subscriber that is too slow gets, behind another sentence.
fn lag_sentence(lag: Lag) -> String {
    let Lag { policy, capacity } = lag;
    match policy {
        LagPolicy::Error => format!("\n\nA subscription that is more than {capacity} events behind ends."),
        LagPolicy::DropOldest => {
            format!(
                "\n\nA subscriber that is more than {capacity} events behind loses the oldest, and is told how many."
            )
        }
    }
}
