//! The domain in the words of Hyper-V administrators.
