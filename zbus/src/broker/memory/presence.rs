//! Presence: sets whose members each expire at a time of their own.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::broker::MOST_ANNOUNCED;

#[derive(Debug, Default)]
pub(super) struct Presence {
    /// No set is empty. For each member, when it expires, or none if that is beyond the clock.
    sets: HashMap<String, HashMap<String, Option<Instant>>>,
}

impl Presence {
    pub(super) fn announce(&mut self, set: &str, member: &str, lasting: Duration) {
        self.drop_past();
        let until = Instant::now().checked_add(lasting);
        self.sets.entry(set.to_owned()).or_default().insert(member.to_owned(), until);
    }

    pub(super) fn retract(&mut self, set: &str, member: &str) {
        if let Some(members) = self.sets.get_mut(set) {
            members.remove(member);
        }
        self.drop_past();
    }

    pub(super) fn announced(&mut self, set: &str) -> Vec<String> {
        self.drop_past();
        self.sets.get(set).into_iter().flat_map(HashMap::keys).take(MOST_ANNOUNCED).cloned().collect()
    }

    fn drop_past(&mut self) {
        let now = Instant::now();
        self.sets.retain(|_, members| {
            members.retain(|_, until| until.is_none_or(|until| until > now));
            !members.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_member_counts_until_its_time_or_its_retraction_and_leaves_nothing_behind() {
        let mut presence = Presence::default();
        let lasting = Duration::from_secs(15);
        presence.announce("set", "first", lasting);
        tokio::time::advance(Duration::from_secs(10)).await;
        presence.announce("set", "second", lasting);
        presence.announce("other", "third", lasting);
        let mut members = presence.announced("set");
        members.sort();
        assert_eq!(members, ["first", "second"]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(presence.announced("set"), ["second"]);
        presence.retract("set", "second");
        presence.retract("other", "nobody");
        presence.retract("none", "nobody");
        assert!(presence.announced("set").is_empty());
        assert_eq!(presence.announced("other"), ["third"]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(presence.announced("other").is_empty() && presence.sets.is_empty());
    }
}
