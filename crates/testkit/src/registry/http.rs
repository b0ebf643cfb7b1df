//! HTTP/1.1, as little of it as a registry needs: requests without bodies,
//! keep-alive, and answers that may be wrong on purpose.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::server::{Fault, LoggedRequest, Shared};
use super::tls;

/// How long a read may block before the thread looks whether the registry stops.
const TICK: Duration = Duration::from_millis(20);

/// An answer before it is written.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into() }
    }

    fn json(status: u16, body: &str) -> Answer {
        Answer::new(status, "application/json", body)
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    fn head(&self, length: Option<usize>) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Answer\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match length {
            Some(length) => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
            None => head.push_str("Connection: close\r\n\r\n"),
        }
        head.into_bytes()
    }
}

/// Serves one connection until either side closes it.
pub(super) fn serve(stream: TcpStream, shared: &Shared) {
    stream.set_read_timeout(Some(TICK)).ok();
    stream.set_nodelay(true).ok();
    match shared.identity {
        Some(identity) => converse(tls::accept(stream, identity), shared),
        None => converse(stream, shared),
    }
}

fn converse(stream: impl Read + Write, shared: &Shared) {
    let mut stream = BufReader::new(stream);
    if !speaks_http(&mut stream, shared) {
        // As servers of plain http answer to TLS.
        let answer = Answer::new(400, "text/plain", "not HTTP\n");
        whole(stream.get_mut(), &answer);
        return;
    }
    while let Some(request) = read_request(&mut stream, shared) {
        let path = decode(&request.path);
        shared.state().log.push(request.clone());
        let fault = shared.next_fault(&path);
        let goes_on = answer(stream.get_mut(), shared, &request, &path, fault);
        if stream.get_mut().flush().is_err() || !goes_on {
            return;
        }
    }
}

/// Whether the first byte may begin a method.
fn speaks_http(reader: &mut impl BufRead, shared: &Shared) -> bool {
    loop {
        match reader.fill_buf() {
            Ok(bytes) => return bytes.first().is_none_or(u8::is_ascii_uppercase),
            Err(error) if is_tick(&error) && !shared.stopping() => {}
            Err(_) => return true,
        }
    }
}

fn read_request(reader: &mut impl BufRead, shared: &Shared) -> Option<LoggedRequest> {
    let first = read_line(reader, shared)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader, shared)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let request = LoggedRequest { method, path, headers };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    skip_body(reader, shared, length)?;
    Some(request)
}

fn skip_body(reader: &mut impl BufRead, shared: &Shared, mut left: usize) -> Option<()> {
    let mut buffer = [0; 4096];
    while left > 0 {
        let wanted = left.min(buffer.len());
        match reader.read(&mut buffer[..wanted]) {
            Ok(0) => return None,
            Ok(count) => left -= count,
            Err(error) if is_tick(&error) && !shared.stopping() => {}
            Err(_) => return None,
        }
    }
    Some(())
}

fn read_line(reader: &mut impl BufRead, shared: &Shared) -> Option<String> {
    let mut line = Vec::new();
    loop {
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) if line.ends_with(b"\n") => {
                return String::from_utf8(line).ok().map(|text| text.trim_end().to_owned());
            }
            Ok(_) => return None,
            Err(error) if is_tick(&error) && !shared.stopping() => {}
            Err(_) => return None,
        }
    }
}

fn is_tick(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Answers one request; says whether the connection goes on.
fn answer(writer: &mut impl Write, shared: &Shared, request: &LoggedRequest, path: &str, fault: Option<Fault>) -> bool {
    let page = || Answer::new(200, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title>");
    match fault {
        None => whole(writer, &truth(shared, request, path)),
        Some(Fault::Hang) => {
            while !shared.stopping() {
                std::thread::sleep(TICK);
            }
            false
        }
        Some(Fault::Reset) => false,
        Some(Fault::Html) => whole(writer, &page()),
        Some(Fault::WrongBytes(bytes)) => whole(writer, &Answer::new(200, "application/octet-stream", bytes)),
        Some(Fault::Redirect(to)) => whole(writer, &Answer::new(302, "text/plain", "").with("Location", to)),
        Some(Fault::Status(status, after)) => {
            let mut answer = Answer::json(status, r#"{"error":"not now"}"#);
            if let Some(after) = after {
                answer = answer.with("Retry-After", after);
            }
            whole(writer, &answer)
        }
        Some(Fault::NeedAuthorization(value)) if request.header("authorization") != Some(&value) => {
            whole(writer, &unauthorised())
        }
        Some(Fault::NeedAuthorization(_)) => whole(writer, &truth(shared, request, path)),
        Some(Fault::Truncated) => {
            let answer = truth(shared, request, path);
            let cut = &answer.body[..answer.body.len() / 2];
            writer.write_all(&answer.head(Some(answer.body.len()))).and_then(|()| writer.write_all(cut)).ok();
            false
        }
        Some(Fault::Slow { piece, pause }) => slowly(writer, shared, &truth(shared, request, path), piece, pause),
        Some(Fault::Endless(bytes)) => {
            endless(writer, shared, bytes);
            false
        }
    }
}

fn whole(writer: &mut impl Write, answer: &Answer) -> bool {
    let mut bytes = answer.head(Some(answer.body.len()));
    bytes.extend_from_slice(&answer.body);
    writer.write_all(&bytes).is_ok()
}

fn slowly(writer: &mut impl Write, shared: &Shared, answer: &Answer, piece: usize, pause: Duration) -> bool {
    if writer.write_all(&answer.head(Some(answer.body.len()))).is_err() {
        return false;
    }
    answer.body.chunks(piece.max(1)).all(|part| {
        std::thread::sleep(pause);
        !shared.stopping() && writer.write_all(part).is_ok()
    })
}

fn endless(writer: &mut impl Write, shared: &Shared, bytes: u64) {
    let block = [0; 64 * 1024];
    let answer = Answer::new(200, "application/octet-stream", "");
    let mut left = bytes;
    let mut open = writer.write_all(&answer.head(None)).is_ok();
    while open && left > 0 && !shared.stopping() {
        let count = left.min(block.len() as u64) as usize;
        open = writer.write_all(&block[..count]).is_ok();
        left -= count as u64;
    }
}

fn unauthorised() -> Answer {
    Answer::json(401, r#"{"error":"authentication required"}"#).with("WWW-Authenticate", "Bearer")
}

/// What the registry really has at this path.
fn truth(shared: &Shared, request: &LoggedRequest, path: &str) -> Answer {
    let wanted = shared.authorization.as_deref();
    if wanted.is_some() && request.header("authorization") != wanted {
        return unauthorised();
    }
    let state = shared.state();
    if let Some(bytes) = state.files.get(path) {
        return Answer::new(200, "application/octet-stream", bytes.clone());
    }
    drop(state);
    let below = path.split('?').next().unwrap_or_default().strip_prefix(shared.base.as_str()).unwrap_or_default();
    let answer = shared.site.answer(&shared.url(), request, below);
    answer.unwrap_or_else(|| Answer::json(404, r#"{"error":"not found"}"#))
}

/// Resolves percent-encoding (`/@scope%2fname`).
pub(super) fn decode(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match code.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
