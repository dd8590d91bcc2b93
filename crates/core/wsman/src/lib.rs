//! WS-Management messages for clients and servers, without I/O.
