//! Working a list off on all threads of a batch.

use std::collections::BTreeMap;
use std::iter::Enumerate;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::vec::IntoIter;

/// Threads that draft and draw at once.
pub(super) const THREADS: usize = 2;

/// Answers that one thread may have ready before they are taken: a drawn label is a quarter of a
/// megabyte.
const READY_AHEAD: usize = 4;

/// Answers that the threads beside the taking one may have ready: while a chunk is committed the
/// next one is made.
const MADE_AHEAD: usize = 2 * super::CHUNK;

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

/// Works a list off on threads of its own while `taking` takes the answers on this one, which
/// works, too, whenever the answer that comes next is not there yet. While this one waits for the
/// disk the others keep the cores busy.
pub(super) fn beside<T: Send, R: Send, A>(
    list: Vec<T>,
    work: impl Fn(T) -> R + Sync,
    taking: impl FnOnce(&mut Answers<'_, T, R>) -> A,
) -> A {
    let count = list.len();
    let todo = Mutex::new(list.into_iter().enumerate());
    let (ready, made) = sync_channel(MADE_AHEAD);
    let (todo, work) = (&todo, &work);
    thread::scope(|scope| {
        let senders = vec![ready; THREADS];
        for ready in senders {
            scope.spawn(move || {
                while let Some((index, one)) = next_of(todo) {
                    if ready.send((index, Box::new(work(one)))).is_err() {
                        return;
                    }
                }
            });
        }
        taking(&mut Answers {
            todo,
            work,
            made,
            early: BTreeMap::new(),
            next: 0,
            count,
        })
    })
}

/// What is still to be done, with its place.
type Todo<T> = Mutex<Enumerate<IntoIter<T>>>;

fn next_of<T>(todo: &Todo<T>) -> Option<(usize, T)> {
    todo.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// The answers of [`beside`], in the order of the list.
pub(super) struct Answers<'a, T, R> {
    todo: &'a Todo<T>,
    work: &'a dyn Fn(T) -> R,
    made: Receiver<(usize, Box<R>)>,
    /// Answers that came before their turn; behind pointers, because they are moved about here.
    early: BTreeMap<usize, Box<R>>,
    /// The place whose turn it is.
    next: usize,
    count: usize,
}

impl<T, R> Answers<'_, T, R> {
    /// Whether all answers were taken.
    pub(super) const fn is_done(&self) -> bool {
        self.next == self.count
    }

    /// The next answer; `None` after the last. When another thread has panicked the answers end
    /// early, and then the scope of all panics, too.
    pub(super) fn next(&mut self) -> Option<Box<R>> {
        if self.is_done() {
            return None;
        }
        loop {
            self.early.extend(self.made.try_iter());
            if let Some(answer) = self.early.remove(&self.next) {
                self.next += 1;
                return Some(answer);
            }
            let made = match next_of(self.todo) {
                Some((index, one)) => Some((index, Box::new((self.work)(one)))),
                None => self.made.recv().ok(),
            };
            let Some((index, answer)) = made else {
                self.next = self.count;
                return None;
            };
            self.early.insert(index, answer);
        }
    }

    /// Ends the work: what was made and not taken, and what was not begun, both in order.
    pub(super) fn stop(&mut self) -> (Vec<Box<R>>, Vec<T>) {
        // All at once: what the other threads have begun stands before what is left.
        let mut todo = self.todo.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = todo.by_ref().map(|(_, one)| one).collect();
        drop(todo);
        // Ends when the other threads have found nothing more to do.
        self.early.extend(self.made.iter());
        self.next = self.count;
        let made = std::mem::take(&mut self.early);
        (made.into_values().collect(), rest)
    }
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
    fn answers_made_beside_come_in_order_wherever_they_were_made() {
        for count in [0, 1, 2, 7, 1_000] {
            let list: Vec<usize> = (0..count).collect();
            let mut taken = Vec::new();
            beside(
                list.clone(),
                |one| one,
                |answers| {
                    while let Some(answer) = answers.next() {
                        taken.push(*answer);
                    }
                    assert!(answers.is_done());
                },
            );
            assert_eq!(taken, list);
        }
    }

    #[test]
    fn work_that_panics_ends_for_all_threads() {
        for bad in [0, 1, 500, 999] {
            let list: Vec<usize> = (0..1_000).collect();
            let ended = std::panic::catch_unwind(|| {
                // Without the message of a panic, which in a log looks like a test that failed.
                let work = |one| {
                    if one == bad {
                        std::panic::resume_unwind(Box::new("on purpose"));
                    }
                };
                beside(list, work, |answers| {
                    while !answers.is_done() {
                        answers.next();
                    }
                });
            });
            assert!(ended.is_err(), "{bad}");
        }
    }

    #[test]
    fn work_that_is_stopped_gives_back_all_that_was_not_taken() {
        for round in 0..200 {
            let taken = round * 5;
            let list: Vec<usize> = (0..1_000).collect();
            let (mut all, made, rest) = beside(
                list.clone(),
                |one| one,
                |answers| {
                    let taken: Vec<usize> = (0..taken)
                        .filter_map(|_| answers.next())
                        .map(|one| *one)
                        .collect();
                    let (made, rest) = answers.stop();
                    assert!(answers.next().is_none());
                    (taken, made, rest)
                },
            );
            assert_eq!(all.len(), taken);
            all.extend(made.into_iter().map(|one| *one));
            all.extend(rest);
            assert_eq!(all, list);
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
