//! Names of servers to addresses: each name is looked up once, however many threads want it.
//!
//! Name servers of virtual machines and containers drop queries that come all at once, and the
//! C library then waits for five seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

type Known = Arc<Mutex<Option<ResolvedSocketAddrs>>>;

/// Looks names up once and remembers the answer; clones share what they know.
#[derive(Debug, Clone, Default)]
pub(super) struct OnceResolver {
    known: Arc<Mutex<HashMap<String, Known>>>,
}

impl Resolver for OnceResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let server = format!("{:?}:{:?}", uri.scheme_str(), uri.authority());
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(server).or_default().clone();
        drop(all);
        // Whoever comes second waits here for the first one's answer.
        let mut addresses = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(addresses) = &*addresses {
            return Ok(addresses.clone());
        }
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        Ok(addresses.insert(found).clone())
    }
}
