//! Requests to the driver: JSON over HTTP on loopback, one connection each.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// No command takes longer.
const LIMIT: Duration = Duration::from_secs(90);

pub(super) struct Wire {
    port: u16,
}

impl Wire {
    pub(super) fn new(port: u16) -> Self {
        Self { port }
    }

    /// The value of the driver's answer; what it refuses is an error in its words.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let text = self
            .exchange(method, path, body)
            .map_err(|why| why.to_string())?;
        let (head, body) = text
            .split_once("\r\n\r\n")
            .ok_or("the driver's answer has no end of its head")?;
        let answer: Value = serde_json::from_str(body).map_err(|why| format!("{why}: {body}"))?;
        if head.split(' ').nth(1) == Some("200") {
            return Ok(answer["value"].clone());
        }
        let value = &answer["value"];
        Err(format!("{}: {}", value["error"], value["message"]))
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(LIMIT))?;
        let body = body.map_or_else(String::new, Value::to_string);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut answer = Vec::new();
        let mut chunk = [0; 16 * 1024];
        // The driver may keep the connection: its answer ends where it says that it does.
        while !is_whole(&answer) {
            match stream.read(&mut chunk)? {
                0 => break,
                count => answer.extend_from_slice(&chunk[..count]),
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= end + 4 + length)
}
