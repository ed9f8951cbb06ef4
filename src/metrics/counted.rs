//! Counters with labels, for what is counted at each request.
//!
//! To find the counter of some labels takes a hash and a lock that all threads share. Most requests have the labels of
//! the one before, so each thread keeps the counter that it used last.

use std::cell::RefCell;
use std::fmt::Debug;
use std::hash::Hash;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use thread_local::ThreadLocal;

pub struct Counted<L: Send> {
    family: Family<L, Counter>,
    last: ThreadLocal<RefCell<Option<(L, Counter)>>>,
}

impl<L: Clone + Hash + Eq + Send> Counted<L> {
    /// One more with these labels.
    pub fn count(&self, labels: L) {
        let mut last = self.last.get_or_default().borrow_mut();
        match &*last {
            Some((known, counter)) if *known == labels => _ = counter.inc(),
            _ => {
                let counter = self.family.get_or_create_owned(&labels);
                counter.inc();
                *last = Some((labels, counter));
            }
        }
    }
}

impl<L: EncodeLabelSet + Clone + Debug + Hash + Eq + Send + Sync + 'static> Counted<L> {
    /// Has them shown. The family stays here: a counter that somebody took out of it, threads would go on counting with.
    pub(super) fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.family.clone());
    }
}

impl<L: Clone + Hash + Eq + Send> Default for Counted<L> {
    fn default() -> Counted<L> {
        Counted { family: Family::default(), last: ThreadLocal::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_has_its_own_count_by_whichever_thread() {
        let counted = Counted::<u8>::default();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| [1, 1, 2, 1, 2, 2, 2].into_iter().for_each(|label| counted.count(label)));
            }
        });
        let count = |label| counted.family.get_or_create(&label).get();
        assert_eq!([count(1), count(2), count(3)], [9, 12, 0]);
    }
}
