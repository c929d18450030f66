//! Just enough HTTP to talk to the servers that the demo started itself, on loopback and in the clear.
//!
//! It costs next to nothing, so that what the load generator measures is the service; it knows no proxy, so that
//! none of the environment's gets in between; and it needs no TLS to be set up.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long one request may take, from connecting to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may be, in bytes.
const LIMIT: usize = 1024 * 1024;

/// What a server answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// A connection that stays open from one request to the next, and is made anew where it broke.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Connection {
    /// A connection to `address`, not made yet.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Makes the connection before it is needed, so that no request has to wait for it.
    pub(crate) async fn open(&mut self) -> io::Result<()> {
        self.stream = Some(in_time(connect(self.address)).await?);
        Ok(())
    }

    /// Sends `GET path` and reads the answer, which has to say how long it is. Fails where that takes more than five
    /// seconds, or where the connection breaks; the next request then makes a new one.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Answer> {
        // Taken out for the time of the exchange: one that fails half-way must not be used again.
        let stream = self.stream.take();
        let exchange = async {
            let mut stream = match stream {
                Some(stream) => stream,
                None => connect(self.address).await?,
            };
            let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
            stream.write_all(request.as_bytes()).await?;
            let answer = read(&mut stream, false).await?;
            Ok((stream, answer))
        };
        let (stream, answer) = in_time(exchange).await?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

/// Sends `GET path` to `address` on a connection of its own and reads the answer until the server closes it. Fails
/// where that takes more than five seconds, or where the connection breaks.
pub(crate) async fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    in_time(async {
        let mut stream = connect(address).await?;
        // Version 1.0 has no chunks: the server ends the body by closing.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        read(&mut stream, true).await
    })
    .await
}

/// `text` as a value in the query of an address.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn in_time<T>(exchange: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Reads one answer. Its end is where its head says, or else, where `to_end` allows it, the end of the stream.
async fn read(stream: &mut TcpStream, to_end: bool) -> io::Result<Answer> {
    let mut bytes = Vec::with_capacity(512);
    loop {
        if bytes.len() > LIMIT {
            return Err(invalid("an answer of more than 1 MiB"));
        }
        let ended = stream.read_buf(&mut bytes).await? == 0;
        if let Some((head, body)) = split(&bytes) {
            let (status, length) = parse(head).ok_or_else(|| invalid("an answer that is not HTTP"))?;
            match length {
                Some(length) if body.len() >= length => return Ok(Answer { status, body: body[..length].to_vec() }),
                None if !to_end => return Err(invalid("an answer without a Content-Length")),
                None if ended => return Ok(Answer { status, body: body.to_vec() }),
                _ => {}
            }
        }
        if ended {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Head and body, where the head is complete.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((&bytes[..at], &bytes[at + 4..]))
}

/// Status code and length of the body, where it is given; nothing where this is no head of an answer.
fn parse(head: &[u8]) -> Option<(u16, Option<usize>)> {
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, length)| length.trim().parse().ok());
    match length {
        Some(None) => None,
        Some(length) => Some((status, length)),
        None => Some((status, None)),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let cases = [
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 12", Some((200, Some(12)))),
            ("HTTP/1.0 503 Service Unavailable\r\nDate: today", Some((503, None))),
            ("HTTP/1.1 204", Some((204, None))),
            ("HTTP/1.1 200 OK\r\nContent-Length: many", None),
            ("HTTP/2 200", None),
            ("SSH-2.0-OpenSSH_9.2", None),
        ];
        for (head, expected) in cases {
            assert_eq!(parse(head.as_bytes()), expected, "{head}");
        }
    }

    #[test]
    fn values_in_addresses() {
        assert_eq!(encode("up{a=\"1.0\"} + 1"), "up%7Ba%3D%221%2E0%22%7D%20%2B%201");
    }
}
