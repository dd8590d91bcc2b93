//! Keeps Hyper-V Replica replicating through shutdowns.
