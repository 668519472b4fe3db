//! Runs that do not depend on each other, several at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Runs each item, as many at once as there are processors for runs of so many `threads`; results in
/// the order of the items. A run that gives nothing, because it was interrupted, and one that fails
/// are the last to begin.
///
/// # Errors
/// That of the first item, in their order, of those that failed.
pub(crate) fn run_all<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: usize,
    run: impl Fn(&T) -> Result<Option<R>, E> + Sync,
) -> Result<Vec<R>, E> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let at_once = (processors / threads.max(1)).clamp(1, items.len().max(1));
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(Vec::new());
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            let result = run(item);
            if !matches!(result, Ok(Some(_))) {
                stopped.store(true, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().filter_map(|(_, result)| result.transpose()).collect()
}

#[cfg(test)]
mod tests {
    use super::run_all;

    #[test]
    fn results_are_in_order_and_nothing_begins_after_the_last() {
        let items: Vec<u32> = (0..100).collect();
        let all = run_all(&items, 1, |item| Ok::<_, ()>(Some(2 * item)));
        assert_eq!(all, Ok(items.iter().map(|item| 2 * item).collect()));
        // One at a time: more threads a run than there are processors.
        let some = run_all(&items, usize::MAX, |item| Ok::<_, ()>((*item < 5).then_some(*item)));
        assert_eq!(some, Ok(vec![0, 1, 2, 3, 4]));
        let failed = run_all(&items, 1, |item| if *item >= 7 { Err(*item) } else { Ok(Some(())) });
        assert_eq!(failed, Err(7));
    }
}
