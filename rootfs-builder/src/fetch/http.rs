//! One HTTP request: redirections are followed, failures are named.

use std::io;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{HeaderName, Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy, ProxyProtocol};

use super::address::{redact, redirected};
use super::proxy::{self, NoResolver, PlainProxy};
use super::resolver::OnceResolver;
use super::{FetchError, FetchOptions};

const REDIRECTS_MAX: usize = 5;
const USER_AGENT: &str = concat!("osb/", env!("CARGO_PKG_VERSION"));

/// A server's answer whose status is a good one.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// Where the body begins in the whole file, for a partial answer.
    pub(super) range_start: Option<u64>,
    /// How many bytes the body has, if announced.
    pub(super) length: Option<u64>,
    pub(super) body: Body,
}

/// The connections to servers, kept between requests.
#[derive(Debug, Clone)]
pub(super) struct Agents {
    direct: Agent,
    /// For each scheme: the proxy, and the connections through it.
    http: Option<(Proxy, Agent)>,
    https: Option<(Proxy, Agent)>,
}

impl Agents {
    pub(super) fn new(options: &FetchOptions) -> Result<Self, FetchError> {
        let resolver = OnceResolver::default();
        let no_proxy = options.no_proxy.as_deref();
        let tunnel = |proxy: Proxy| {
            let config = config(options, Some(proxy.clone()));
            (proxy, Agent::with_parts(config, DefaultConnector::default(), resolver.clone()))
        };
        let http = match &options.http_proxy {
            None => None,
            Some(address) => match proxy::parse(address, no_proxy)? {
                plain if plain.protocol() == ProxyProtocol::Http => {
                    let connector = PlainProxy::new(&plain, resolver.clone());
                    let agent = Agent::with_parts(config(options, None), connector, NoResolver);
                    Some((plain, agent))
                }
                other => Some(tunnel(other)),
            },
        };
        let https = options.https_proxy.as_deref();
        let https = https.map(|address| proxy::parse(address, no_proxy)).transpose()?.map(tunnel);
        let direct = config(options, None);
        let direct = Agent::with_parts(direct, DefaultConnector::default(), resolver.clone());
        Ok(Self { direct, http, https })
    }

    /// Breaks off every request that is under way.
    pub(super) fn shut_down(self) {
        let proxied = [self.http, self.https].into_iter().flatten().map(|(_, agent)| agent);
        proxied.chain([self.direct]).for_each(Agent::shutdown);
    }

    fn agent_for(&self, url: &str) -> &Agent {
        let proxied = if url.starts_with("https:") { &self.https } else { &self.http };
        let Some((proxy, agent)) = proxied else { return &self.direct };
        // An address that is none fails with either agent.
        let is_excepted = url.parse().is_ok_and(|uri| proxy.is_no_proxy(&uri));
        if is_excepted { &self.direct } else { agent }
    }

    /// Asks for `url`.
    pub(super) fn get(
        &self,
        url: &str,
        headers: &[(HeaderName, String)],
        stall_timeout: Duration,
    ) -> Result<Reply, FetchError> {
        let mut seen = vec![url.to_string()];
        let mut current = url.to_string();
        loop {
            let mut request = self.agent_for(&current).get(&current);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let reply = request
                .call()
                .map_err(|error| sort_error(error, &redact(&current), stall_timeout))?;
            let Some(target) = redirection(&reply) else { return Reply::new(reply, &current) };
            current = redirected(&current, &target).ok_or_else(|| {
                let target = redact(&target);
                FetchError::RedirectRefused { url: redact(&current), target }
            })?;
            if seen.contains(&current) {
                return Err(FetchError::RedirectLoop { url: redact(url) });
            }
            if seen.len() > REDIRECTS_MAX {
                let limit = REDIRECTS_MAX;
                return Err(FetchError::RedirectLimit { url: redact(url), limit });
            }
            seen.push(current.clone());
        }
    }
}

fn config(options: &FetchOptions, proxy: Option<Proxy>) -> Config {
    let verifier = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .proxy(proxy)
        .tls_config(verifier)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT)
        // Digests are those of the files as they are.
        .accept_encoding("identity")
        .max_idle_connections(options.connections * 2)
        .max_idle_connections_per_host(options.connections)
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_read(Some(options.stall_timeout))
        .timeout_per_write(Some(options.stall_timeout))
        .timeout_recv_response(Some(options.stall_timeout))
        .build()
}

impl Reply {
    fn new(response: Response<Body>, url: &str) -> Result<Self, FetchError> {
        let text = |name| text_of(&response, name);
        let url = redact(url);
        let status = response.status().as_u16();
        match status {
            200 | 206 | 304 | 416 => {}
            404 | 410 => return Err(FetchError::NotFound { url }),
            status => {
                // The other form, a date, would need a clock that agrees with the server's.
                let seconds = text(header::RETRY_AFTER).and_then(|text| text.trim().parse().ok());
                let retry_after = seconds.map(Duration::from_secs);
                return Err(FetchError::Status { url, status, retry_after });
            }
        }
        Ok(Self {
            status,
            etag: text(header::ETAG),
            last_modified: text(header::LAST_MODIFIED),
            range_start: text(header::CONTENT_RANGE).as_deref().and_then(range_start),
            length: response.body().content_length(),
            body: response.into_body(),
        })
    }
}

/// Names what broke a request or the reading of its answer.
pub(super) fn sort_error(error: ureq::Error, url: &str, stall_timeout: Duration) -> FetchError {
    let url = url.to_string();
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            FetchError::Connection { url, source: io::ErrorKind::TimedOut.into() }
        }
        ureq::Error::Timeout(_) => FetchError::Stalled { url, after: stall_timeout },
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => FetchError::Address { url },
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => {
            FetchError::Tls { url, source: error.into_io() }
        }
        other => {
            let source = other.into_io();
            match source.kind() {
                // What rustls reports for a certificate that it does not accept.
                io::ErrorKind::InvalidData => FetchError::Tls { url, source },
                _ => FetchError::Connection { url, source },
            }
        }
    }
}

fn redirection(response: &Response<Body>) -> Option<String> {
    match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => text_of(response, header::LOCATION),
        _ => None,
    }
}

fn text_of(response: &Response<Body>, name: HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_string())
}

/// Reads `bytes 100-199/200`.
fn range_start(value: &str) -> Option<u64> {
    let (start, _) = value.trim().strip_prefix("bytes ")?.split_once('-')?;
    start.parse().ok()
}
