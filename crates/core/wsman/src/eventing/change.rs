//! One change of an instance, read from the intrinsic event that reports it (WMI reference, `__InstanceOperationEvent`
//! and what is derived from it).

use cim::{CimTimestamp, Row, Value};
use roxmltree::Node;

use super::indication::Kind;
use crate::instance;

/// One change of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What has changed.
    pub what: What,
    /// When the host noticed it, by its clock; `None` if unknown.
    pub time: Option<CimTimestamp>,
}

/// The kind of a change, with the instance.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It was created.
    Created {
        /// As it is now.
        now: Row,
    },
    /// It was modified.
    Modified {
        /// As it was, if the host said it.
        before: Option<Row>,
        /// As it is now.
        now: Row,
    },
    /// It was deleted.
    Deleted {
        /// As it was last.
        before: Row,
    },
}

/// Reads one item of an answer.
///
/// # Errors
/// In words, what it lacks.
pub(super) fn read(item: Node<'_, '_>) -> Result<Change, String> {
    let event = instance::read(item);
    let class = event.class.as_str();
    let object = |name: &str| {
        if let Value::Object(row) = event.properties.value(name) { Some(row.as_ref().clone()) } else { None }
    };
    let target = || object("TargetInstance").ok_or_else(|| format!("{class} holds no TargetInstance"));
    let what = match Kind::of_class(class) {
        Some(Kind::Creation) => What::Created { now: target()? },
        Some(Kind::Modification) => What::Modified { before: object("PreviousInstance"), now: target()? },
        Some(Kind::Deletion) => What::Deleted { before: target()? },
        Some(Kind::Operation) | None => {
            return Err(format!("the answer holds {class} where the event of an instance is due"));
        }
    };
    let created = event.get_opt::<u64>("TIME_CREATED").map_err(|error| format!("{class}: {error}"))?;
    let time = created.filter(|units| *units > 0).map(CimTimestamp::from_filetime);
    Ok(Change { what, time })
}
