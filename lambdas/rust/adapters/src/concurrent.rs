//! Several outside calls at a time.

use std::future::Future;

use futures_util::{StreamExt as _, stream};

/// Maximum number of calls at a time: enough to hide their latency, and few enough for a function's memory.
const CALLS: usize = 8;

/// Awaits every call, several at a time, and passes the results on in the order of the calls.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use gridbid_adapters::concurrent;
///
/// let mut sum = 0;
/// let calls = (1..=3).map(async |number| Ok::<_, ()>(number));
/// concurrent::for_each(calls, |number| Ok(sum += number)).await.unwrap();
/// assert_eq!(sum, 6);
/// # });
/// ```
///
/// # Errors
/// The first error of a call or of `take`; calls that have begun are then abandoned.
pub async fn for_each<T, E, F: Future<Output = Result<T, E>>>(
    calls: impl IntoIterator<Item = F>,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut results = stream::iter(calls).buffered(CALLS);
    while let Some(result) = results.next().await {
        take(result?)?;
    }
    Ok(())
}
