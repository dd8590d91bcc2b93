//! Replication health for people and programs: of one end, and of a relationship.

use reprise_engine::Side;
use reprise_engine::judge::Judgement;
use reprise_model::ReplicationHealth;

use super::fact::EndFacts;

/// How well a leg replicates, by Hyper-V's own count. In the order of badness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    Normal,
    Warning,
    Critical,
}

impl Health {
    /// PowerShell's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
            Self::Critical => "Critical",
        }
    }
}

/// The health of a leg: that of the end which is worse off. A replica that is paused is critical, and its primary normal.
pub(super) fn health(judgement: &Judgement) -> Option<Health> {
    [Side::Sender, Side::Receiver].into_iter().filter_map(|side| end_health(&EndFacts::of(judgement, side))).max()
}

/// The health of one end, if its host says it in a known word.
pub(super) fn end_health(end: &EndFacts<'_>) -> Option<Health> {
    match end.health? {
        ReplicationHealth::Normal => Some(Health::Normal),
        ReplicationHealth::Warning => Some(Health::Warning),
        ReplicationHealth::Critical => Some(Health::Critical),
        ReplicationHealth::NotApplicable | ReplicationHealth::Unrecognised(_) => None,
    }
}

/// The health of a leg that people should see.
pub(super) fn poor_health(judgement: Option<&Judgement>) -> Option<Health> {
    judgement.and_then(health).filter(|health| *health != Health::Normal)
}
