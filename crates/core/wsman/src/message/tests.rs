//! Round trips and hostile bytes, for requests and answers.
