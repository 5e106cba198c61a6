//! Who may use the page: a token in the link, good for one use, is exchanged for a cookie.

use hyper::header::{COOKIE, HOST, HeaderMap, HeaderName, ORIGIN};
use std::io;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq;

/// Bytes of randomness in a secret.
const SECRET_BYTES: usize = 32;
/// What browsers tell of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The secrets of one page.
#[derive(Debug)]
pub(crate) struct Access {
    port: u16,
    /// `None` once it has been used.
    token: Mutex<Option<String>>,
    cookie: String,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The `Host` header is not this server: a name of somebody else that leads to this address.
    Host,
    /// Another page has sent it.
    Origin,
    /// Neither a cookie nor a token that is good.
    Secret,
}

impl Access {
    /// New secrets for a server on this port.
    pub(crate) fn new(port: u16) -> io::Result<Self> {
        Ok(Self { port, token: Mutex::new(Some(secret()?)), cookie: secret()? })
    }

    /// The link that opens the page, once.
    pub(crate) fn link(&self) -> String {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        format!("http://127.0.0.1:{}/?token={}", self.port, token.as_deref().unwrap_or_default())
    }

    /// The value of the `Set-Cookie` header for the browser that has used the token. The name has the port, since
    /// browsers do not tell the ports of a host apart.
    pub(crate) fn set_cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.cookie)
    }

    fn cookie_name(&self) -> String {
        format!("dillinger-watch-{}", self.port)
    }

    /// Checks to which name a request is addressed. Any name may be made to lead to this address, and a page of that
    /// name could then read what is served.
    pub(crate) fn check_host<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, Refusal> {
        let ours = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        one(headers, &HOST).filter(|host| ours.iter().any(|our| our == host)).ok_or(Refusal::Host)
    }

    /// Checks that no other page has sent a request to this host.
    pub(crate) fn check_origin(host: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        if headers.contains_key(ORIGIN) && one(headers, &ORIGIN) != Some(&format!("http://{host}")) {
            return Err(Refusal::Origin);
        }
        let foreign = |site: &str| !matches!(site, "same-origin" | "none");
        let site = headers.get(FETCH_SITE).map(|value| value.to_str().unwrap_or_default());
        if site.is_some_and(foreign) { Err(Refusal::Origin) } else { Ok(()) }
    }

    /// True if the request has the cookie.
    pub(crate) fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie_name() && same(value, &self.cookie))
    }

    /// Uses up the token; true if it was the right one and not used before.
    pub(crate) fn redeem(&self, query: &str) -> bool {
        let given = query.split('&').find_map(|pair| pair.strip_prefix("token="));
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let good = given.zip(token.as_deref()).is_some_and(|(given, token)| same(given, token));
        if good {
            *token = None;
        }
        good
    }
}

/// A header that is there exactly once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn same(given: &str, secret: &str) -> bool {
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

fn secret() -> io::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no random numbers: {error}")))?;
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_token_is_good_once() {
        let access = Access::new(80).unwrap();
        let link = access.link();
        let (_, query) = link.split_once('?').unwrap();
        assert_eq!(query.len(), "token=".len() + 2 * SECRET_BYTES);
        for wrong in ["", "token=", "token=0", "other=1"] {
            assert!(!access.redeem(wrong), "{wrong}");
        }
        assert!(access.redeem(&format!("a=b&{query}")));
        assert!(!access.redeem(query));
        assert!(!access.redeem("token="));
    }

    #[test]
    fn cookies_are_told_apart_by_port_and_value() {
        let (access, other) = (Access::new(80).unwrap(), Access::new(81).unwrap());
        let cookie = access.set_cookie();
        let (pair, attributes) = cookie.split_once(';').unwrap();
        assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Strict"));
        assert!(access.has_cookie(&headers(&[(COOKIE, &format!("x=y; {pair}"))])));
        assert!(!other.has_cookie(&headers(&[(COOKIE, pair)])));
        for wrong in ["dillinger-watch-80=", "dillinger-watch-80=00", "", ";", "="] {
            assert!(!access.has_cookie(&headers(&[(COOKIE, wrong)])), "{wrong}");
        }
    }

    #[test]
    fn requests_from_elsewhere_are_refused() {
        let access = Access::new(8080).unwrap();
        let check = |pairs: &[(HeaderName, &str)]| {
            let headers = headers(pairs);
            Access::check_origin(access.check_host(&headers)?, &headers)
        };
        assert_eq!(check(&[(HOST, "127.0.0.1:8080")]), Ok(()));
        assert_eq!(check(&[(HOST, "localhost:8080"), (ORIGIN, "http://localhost:8080")]), Ok(()));
        assert_eq!(check(&[(HOST, "127.0.0.1:8080"), (FETCH_SITE, "none")]), Ok(()));
        for host in ["127.0.0.1", "127.0.0.1:80", "evil.example:8080", "127.0.0.1:8080.evil.example", ""] {
            assert_eq!(check(&[(HOST, host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(check(&[]), Err(Refusal::Host));
        for origin in ["http://evil.example", "http://localhost:8080", "null", "https://127.0.0.1:8080"] {
            assert_eq!(check(&[(HOST, "127.0.0.1:8080"), (ORIGIN, origin)]), Err(Refusal::Origin), "{origin}");
        }
        for site in ["cross-site", "same-site", "odd"] {
            assert_eq!(check(&[(HOST, "127.0.0.1:8080"), (FETCH_SITE, site)]), Err(Refusal::Origin), "{site}");
        }
    }
}
