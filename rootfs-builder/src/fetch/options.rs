//! How to fetch.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How to fetch.
#[derive(Clone)]
pub struct FetchOptions {
    /// How many connections at the same time.
    pub connections: usize,
    /// How many threads work on what has arrived.
    pub workers: usize,
    /// Whether servers must not be reached; local directories still may.
    pub offline: bool,
    /// The proxy for `http` addresses.
    pub http_proxy: Option<String>,
    /// The proxy for `https` addresses.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without proxy, in the form of the variable `no_proxy`.
    pub no_proxy: Option<String>,
    /// How often one address is asked before the next one is.
    pub tries: u32,
    /// How long to wait after the first failure; doubled after each further one.
    pub backoff: Duration,
    /// The longest wait; a server that asks for more is left for the next address.
    pub backoff_max: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long no byte may come.
    pub stall_timeout: Duration,
    /// The time over which at least `slowest_bytes` must come.
    pub slowest_over: Duration,
    /// How many bytes must come in `slowest_over`.
    pub slowest_bytes: u64,
    /// What waits between tries in place of real waiting, for tests.
    pub pause: Option<Arc<dyn Fn(Duration) + Send + Sync>>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            offline: false,
            http_proxy: None,
            https_proxy: None,
            no_proxy: None,
            tries: 5,
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(20),
            stall_timeout: Duration::from_secs(30),
            slowest_over: Duration::from_secs(60),
            slowest_bytes: 60 << 10,
            pause: None,
        }
    }
}

impl fmt::Debug for FetchOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Proxies may hold passwords.
        formatter
            .debug_struct("FetchOptions")
            .field("connections", &self.connections)
            .field("workers", &self.workers)
            .field("offline", &self.offline)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}
