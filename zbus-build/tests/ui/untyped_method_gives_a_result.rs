use zbus::{Failure, UntypedObject};

fn main() {
    let _ = UntypedObject::new("calculator@1.0").method("Divide", |a: i64, b: i64| async move {
        a.checked_div(b).ok_or_else(|| Failure::new("division by zero"))
    });
}
