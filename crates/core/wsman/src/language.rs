//! The language of a service's words, which it says on every envelope.

use crate::server::Server;
use crate::xml;

/// The language that is spoken unless another is named.
pub(crate) const ENGLISH: &str = "en-US";

impl Server {
    /// The same, speaking another language than English: `ja-JP`.
    #[must_use]
    pub fn with_language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// An envelope with the language in which its words are.
    pub(crate) fn in_language(&self, envelope: String) -> String {
        if self.language == ENGLISH {
            return envelope;
        }
        // No value can be taken for this: its quotation marks are escaped.
        let attribute = |language: &str| format!(r#"xml:lang="{language}""#);
        envelope.replace(&attribute(ENGLISH), &attribute(&xml::escape(&self.language)))
    }
}
