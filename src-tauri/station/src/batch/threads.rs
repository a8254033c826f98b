//! Working a list off on all threads of a batch.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Threads that draft and draw at once: this one and one more.
pub(super) const THREADS: usize = 2;

/// Answers that one thread may have ready before they are taken: a drawn label is a quarter of a
/// megabyte.
const READY_AHEAD: usize = 4;

/// Works a list off; the answers stand in its order.
pub(super) fn on_threads<T: Send, R: Send>(list: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = list.len().div_ceil(THREADS);
    let mut own = list;
    let others = own.split_off(share.min(own.len()));
    let work = &work;
    thread::scope(|scope| {
        let other = scope.spawn(move || others.into_iter().map(work).collect::<Vec<R>>());
        let mut answers: Vec<R> = own.into_iter().map(work).collect();
        answers.extend(other.join().expect("drafting and drawing do not panic"));
        answers
    })
}

/// Works a list off and hands the answers, in its order, to `take` on this thread while the later
/// ones are still being made.
pub(super) fn in_turn<T: Send, R: Send>(
    list: Vec<T>,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let count = list.len();
    let mut shares: Vec<Vec<T>> = (0..THREADS).map(|_| Vec::new()).collect();
    for (index, one) in list.into_iter().enumerate() {
        shares[index % THREADS].push(one);
    }
    let work = &work;
    thread::scope(|scope| {
        let begin = |share: Vec<T>| -> Receiver<R> {
            let (ready, answers) = sync_channel(READY_AHEAD);
            scope.spawn(move || {
                for one in share {
                    if ready.send(work(one)).is_err() {
                        return;
                    }
                }
            });
            answers
        };
        let threads: Vec<Receiver<R>> = shares.into_iter().map(begin).collect();
        for answers in threads.iter().cycle().take(count) {
            // A thread that ended early has panicked, and so does the scope.
            let Ok(answer) = answers.recv() else { return };
            take(answer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_list() {
        for count in [0, 1, 2, 7, 100] {
            let list: Vec<usize> = (0..count).collect();
            let slow_first = |one| {
                if one % THREADS == 0 {
                    thread::yield_now();
                }
                one
            };
            assert_eq!(on_threads(list.clone(), slow_first), list);
            let mut answers = Vec::new();
            in_turn(list.clone(), slow_first, |answer| answers.push(answer));
            assert_eq!(answers, list);
        }
    }

    #[test]
    fn an_answer_is_taken_while_later_ones_wait() {
        // More than can be ready at once: without taking, the threads would wait for ever.
        let list: Vec<usize> = (0..10 * READY_AHEAD * THREADS).collect();
        let mut taken = 0;
        in_turn(list.clone(), |one| one, |_| taken += 1);
        assert_eq!(taken, list.len());
    }
}
