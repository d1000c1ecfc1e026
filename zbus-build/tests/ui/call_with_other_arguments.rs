//! A call has the arguments of the schema, and its errors are those that the method declares.

include!("../golden/errors.rs");

use errors::{MathClient, Plain};

async fn call(math: MathClient) -> Result<i64, Plain> {
    math.divide("1", 2).await?;
    math.divide(1).await?;
    let quotient: u8 = math.divide(1, 2).await?;
    Ok(quotient)
}

fn main() {}
