//! Proxies: tunnels by ureq itself, and the plain kind for `http` addresses, which mirrors'
//! caches offer and which is told the whole address in place of a path.

use ureq::Proxy;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
};

use super::FetchError;
use super::address::redact;
use super::resolver::OnceResolver;

/// Reads a proxy's address; `no_proxy` lists the hosts that it is not for.
pub(super) fn parse(address: &str, no_proxy: Option<&str>) -> Result<Proxy, FetchError> {
    let refuse = |_| FetchError::Proxy { proxy: redact(address) };
    let parsed = Proxy::new(address).map_err(refuse)?;
    let mut builder = Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
    if let Some(username) = parsed.username() {
        builder = builder.username(username);
    }
    if let Some(password) = parsed.password() {
        builder = builder.password(password);
    }
    for host in no_proxy.iter().flat_map(|hosts| hosts.split(',')) {
        builder = builder.no_proxy(host.trim());
    }
    builder.build().map_err(refuse)
}

/// Leaves looking up a server's name to the proxy.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// Connects to a plain proxy whatever server is asked for.
#[derive(Debug)]
pub(super) struct PlainProxy {
    address: Uri,
    authorization: Option<String>,
    resolver: OnceResolver,
}

impl PlainProxy {
    pub(super) fn new(proxy: &Proxy, resolver: OnceResolver) -> Self {
        let credentials = proxy.username().or(proxy.password()).map(|_| {
            let part = |text: Option<&str>| text.unwrap_or_default().to_string();
            format!("{}:{}", part(proxy.username()), part(proxy.password()))
        });
        let authorization = credentials
            .map(|text| format!("Proxy-Authorization: Basic {}\r\n", base64(text.as_bytes())));
        Self { address: proxy.uri().clone(), authorization, resolver }
    }
}

impl Connector for PlainProxy {
    type Out = WholeAddress;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let to_proxy = ConnectionDetails {
            uri: &self.address,
            addrs: self.resolver.resolve(&self.address, details.config, details.timeout)?,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let connected = TcpConnector::default().connect(&to_proxy, None::<()>)?;
        let Some(inner) = connected.map(Transport::boxed) else { return Ok(None) };
        let server = details.uri.authority().map(|authority| authority.as_str());
        // User name and password are the server's, and go into a header of their own.
        let host = server.and_then(|server| server.rsplit('@').next()).unwrap_or_default();
        let prefix = format!("http://{host}");
        Ok(Some(WholeAddress { inner, prefix, authorization: self.authorization.clone() }))
    }
}

/// A connection to a plain proxy, on which requests name the whole address.
#[derive(Debug)]
pub(super) struct WholeAddress {
    inner: Box<dyn Transport>,
    prefix: String,
    authorization: Option<String>,
}

impl WholeAddress {
    /// Turns `GET /path HTTP/1.1` into `GET http://host/path HTTP/1.1`.
    fn rewritten(&self, request: &[u8]) -> Option<Vec<u8>> {
        // Header lines that are sent by themselves cannot begin like this.
        let path = request.strip_prefix(b"GET ").filter(|rest| rest.starts_with(b"/"))?;
        let line_end = path.windows(2).position(|two| two == b"\r\n")? + 2;
        let authorization = self.authorization.as_deref().unwrap_or_default();
        let parts = [
            b"GET ",
            self.prefix.as_bytes(),
            &path[..line_end],
            authorization.as_bytes(),
            &path[line_end..],
        ];
        Some(parts.concat())
    }
}

impl Transport for WholeAddress {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let request = self.inner.buffers().output().get(..amount).unwrap_or_default().to_vec();
        let Some(request) = self.rewritten(&request) else {
            return self.inner.transmit_output(amount, timeout);
        };
        let space = self.inner.buffers().output().get_mut(..request.len());
        let space = space.ok_or(ureq::Error::BodyExceedsLimit(request.len() as u64))?;
        space.copy_from_slice(&request);
        self.inner.transmit_output(request.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }
}

/// Encodes credentials as RFC 4648 says.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for position in 0..4 {
            let digit = (bits >> (18 - 6 * position)) & 63;
            let is_padding = position > three.len();
            text.push(if is_padding { '=' } else { char::from(DIGITS[digit as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn credentials_are_encoded_as_the_rfc_shows() {
        let check = |plain: &str, encoded: &str| assert_eq!(base64(plain.as_bytes()), encoded);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
