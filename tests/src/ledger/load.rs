//! Both ends of numbered calls.

use std::sync::Arc;
use std::time::Duration;

use serde_with::Same;
use zbus::broker::BrokerErrorKind;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns};
use zbus::{Client, Error, ObjectId, RejectionKind};

use super::{Book, Ledger, Note, answer, is_idempotent};

const NUMBERED: ObjectId = ObjectId::from_static("numbered", "1.0");
const MODULE: &str = "ledger";

/// The time limit of calls where nobody says otherwise.
pub const LIMIT: Duration = Duration::from_secs(2);

/// Nothing takes this long but what never ends: beyond every timeout of the connections to the broker, and a busy machine's delays.
const NEVER: Duration = Duration::from_secs(40);

/// An object whose method notes that it runs.
#[derive(Clone, Debug)]
pub struct Numbered<B>(pub Arc<B>);

impl<B: Book> Numbered<B> {
    /// A server of it.
    pub fn server(book: Arc<B>, workers: u32) -> zbus::Server {
        zbus::Server::new(MODULE).workers(workers).register(Self(book)).expect("an object of no module")
    }
}

impl<B: Book> Object for Numbered<B> {
    fn id(&self) -> ObjectId {
        NUMBERED
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let number = call.arguments(1)?.next::<Same, u64>("number")?;
        self.0.note(number, Note::Runs, "");
        // One in sixteen takes its time.
        if number % 16 == 9 {
            tokio::time::sleep(Duration::from_millis(number % 5)).await;
        }
        let mut returns = call.returns();
        returns.value::<Same, u64>(&answer(number))?;
        Ok(returns)
    }
}

/// The client's side of the object.
pub fn object(client: Client) -> RemoteObject {
    RemoteObject::new(client, MODULE, NUMBERED)
}

/// Makes the call of a number, and notes what comes of it.
pub async fn make(book: &impl Book, object: &RemoteObject, number: u64, limit: Duration) {
    book.note(number, Note::Called, "");
    let call = async {
        let mut request = object.request("Run").timeout(limit);
        request.argument::<Same, u64>("number", &number)?;
        let request = if is_idempotent(number) { request.idempotent() } else { request };
        request.call(1).await?.value::<Same, u64>()
    };
    // One in 32 is given up, early or late.
    let patience = if number % 32 == 5 { Duration::from_millis(number % 11) } else { limit + NEVER };
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(value)) if value == answer(number) => book.note(number, Note::Answered, ""),
        Ok(Ok(value)) => book.note(number, Note::Unfit, &format!("answered with {value}")),
        Ok(Err(error)) if !fits(&error) => book.note(number, Note::Unfit, &error.to_string()),
        Ok(Err(error)) if error.may_have_run() => book.note(number, Note::MayHaveRun, ""),
        Ok(Err(_)) => book.note(number, Note::NeverRuns, ""),
        Err(_) if patience > limit => book.note(number, Note::Hung, "no end"),
        Err(_) => book.note(number, Note::GivenUp, ""),
    }
}

/// Whether an error is of a kind that the loss of processes and connections leads to.
fn fits(error: &Error) -> bool {
    match error {
        Error::Timeout { .. } | Error::NoServer { .. } => true,
        Error::Broker(error) => {
            use BrokerErrorKind::{Lost, Restarted, Unreachable, Unready};
            matches!(error.kind(), Lost | Restarted | Unreachable | Unready)
        }
        Error::Rejected { kind, .. } => matches!(kind, RejectionKind::Expired | RejectionKind::Stopping),
        _ => false,
    }
}

/// Makes all calls of a ledger, so many at once.
pub async fn drive(ledger: &Arc<Ledger>, object: &RemoteObject, at_once: usize, limit: Duration) {
    let callers: Vec<_> = (0..at_once)
        .map(|_| {
            let (ledger, object) = (Arc::clone(ledger), object.clone());
            tokio::spawn(async move {
                while let Some(number) = ledger.next() {
                    make(&*ledger, &object, number, limit).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller panics");
    }
}
