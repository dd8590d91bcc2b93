//! Simulated Hyper-V hosts on virtual time.
