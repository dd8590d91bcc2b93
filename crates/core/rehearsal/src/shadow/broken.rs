//! What a rule of the shadow says when it does not hold.

/// What is wrong, as a sentence.
pub(crate) type Broken = String;
