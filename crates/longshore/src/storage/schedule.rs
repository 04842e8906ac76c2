//! Tasks that come back from time to time, done by a few threads: no thread sleeps for a
//! single task.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Most threads.
const THREADS: usize = 4;

/// Something to do again and again.
pub(crate) trait Task: Send + 'static {
    /// Does what is to be done now, and says when to come back; `None` is never.
    fn step(&mut self) -> Option<Duration>;
}

impl Task for Box<dyn Task> {
    fn step(&mut self) -> Option<Duration> {
        (**self).step()
    }
}

#[derive(Debug)]
struct Schedule<T> {
    tasks: Mutex<Tasks<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Tasks<T> {
    /// When each task is due, by its number, the next first.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// The tasks that no thread works at, by their number.
    waiting: BTreeMap<usize, T>,
    /// Tasks that a thread works at.
    working: usize,
}

/// Starts the tasks, each at once. The threads end when no task wants to come back.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn start<T: Task>(tasks: Vec<T>) -> io::Result<()> {
    let threads = tasks.len().min(THREADS);
    let now = Instant::now();
    let schedule = Arc::new(Schedule {
        tasks: Mutex::new(Tasks {
            due: (0..tasks.len()).map(|number| Reverse((now, number))).collect(),
            waiting: tasks.into_iter().enumerate().collect(),
            working: 0,
        }),
        changed: Condvar::new(),
    });
    for at in 0..threads {
        let schedule = schedule.clone();
        thread::Builder::new().name(format!("follow-{at}")).spawn(move || schedule.work())?;
    }
    Ok(())
}

impl<T: Task> Schedule<T> {
    fn lock(&self) -> MutexGuard<'_, Tasks<T>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((number, mut task)) = self.next() {
            let again = task.step();
            let mut tasks = self.lock();
            tasks.working -= 1;
            if let Some(pause) = again {
                tasks.due.push(Reverse((Instant::now() + pause, number)));
                tasks.waiting.insert(number, task);
            }
            drop(tasks);
            // a thread that waits for a later task may have to do this one, or to end
            self.changed.notify_all();
        }
    }

    /// The next task once it is due; `None` when there will be none.
    fn next(&self) -> Option<(usize, T)> {
        let mut tasks = self.lock();
        loop {
            let now = Instant::now();
            let next = tasks.due.peek().map(|Reverse((at, _))| at.saturating_duration_since(now));
            tasks = match next {
                None if tasks.working == 0 => return None,
                None => self.changed.wait(tasks).unwrap_or_else(PoisonError::into_inner),
                Some(pause) if pause.is_zero() => {
                    let Reverse((_, number)) = tasks.due.pop()?;
                    let task = tasks.waiting.remove(&number)?;
                    tasks.working += 1;
                    return Some((number, task));
                }
                Some(pause) => {
                    let woken = self.changed.wait_timeout(tasks, pause);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::mpsc};

    use super::*;

    struct Counting {
        number: usize,
        steps: usize,
        done: mpsc::Sender<(usize, thread::ThreadId)>,
    }

    impl Task for Counting {
        fn step(&mut self) -> Option<Duration> {
            self.done.send((self.number, thread::current().id())).unwrap();
            self.steps -= 1;
            (self.steps > 0).then_some(Duration::from_millis(1))
        }
    }

    #[test]
    fn few_threads_do_every_step_of_many_tasks_and_end() {
        let (done, steps) = mpsc::channel();
        let task = |number| Counting { number, steps: 3, done: done.clone() };
        start((0..100).map(task).collect()).unwrap();
        drop(done);
        // ends when the last task is dropped
        let steps: Vec<_> = steps.into_iter().collect();
        for number in 0..100 {
            assert_eq!(steps.iter().filter(|(task, _)| *task == number).count(), 3);
        }
        let threads: BTreeSet<_> = steps.iter().map(|(_, id)| format!("{id:?}")).collect();
        assert!(threads.len() <= THREADS, "{threads:?}");
    }
}
