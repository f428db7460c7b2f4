//! Desktops' bridges through hydra, with bridges that are the tests' own.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};

use crate::engine::Inside;
use crate::fixture::{PATIENCE, Reply, eventually, path};

/// Answers each request with its head, and a WebSocket with whatever it says.
fn bridge(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let listener = UnixListener::bind(folder.join("http.sock")).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
}

fn answer(mut stream: UnixStream) -> std::io::Result<()> {
    let head = head(&mut stream)?;
    if head.to_lowercase().contains("upgrade: websocket") {
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")?;
        stream.write_all(b"hello")?;
        let mut again = stream.try_clone()?;
        return std::io::copy(&mut stream, &mut again).map(drop);
    }
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\nContent-Length: {}\r\n\r\n",
        json!(head).to_string().len()
    );
    stream.write_all((answer + &json!(head).to_string()).as_bytes())
}

fn head(stream: &mut (impl Read + ?Sized)) -> std::io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn folder(inside: &Inside, id: &str) -> PathBuf {
    inside.world.desktop(id).join("bridge")
}

fn with_bridge(id: &str) -> Inside {
    let inside = Inside::start();
    inside.http.create(id, "").is(201);
    bridge(&folder(&inside, id));
    inside
}

/// What the bridge was asked.
fn heard(reply: &Reply) -> String {
    reply.json().as_str().unwrap_or_else(|| panic!("{reply:?}")).to_lowercase()
}

/// Where a browser would go, by what hydra says of a desktop: a host with its port, and a token.
fn address(inside: &Inside, id: &str) -> (String, String) {
    let desktop = inside.http.show(id);
    let url = desktop["bridge"]["url"].as_str().unwrap();
    let (host, token) = url.strip_prefix("http://").unwrap().split_once("/#token=").unwrap();
    assert_eq!(desktop["bridge"]["tokens"]["control"], token);
    (host.to_owned(), token.to_owned())
}

/// Asks as whoever reaches `--listen-bridges`.
fn from_outside(port: &str, request: &str) -> Reply {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    Reply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body: answer.split_off(end) }
}

fn port(host: &str) -> &str {
    host.rsplit_once(':').unwrap().1
}

#[test]
fn the_paths_of_existing_clients_lead_to_the_bridge_with_a_token_of_its_own() {
    let inside = with_bridge("a");
    let (_, token) = address(&inside, "a");
    let shot = heard(&inside.http.get(&path("a", "/screenshot?format=png&x=%20")).is(200));
    assert!(shot.starts_with("get /screenshot?format=png&x=%20 http/1.1\r\n"), "{shot}");
    assert!(shot.contains(&format!("authorization: bearer {}\r\n", token.to_lowercase())), "{shot}");
    assert!(shot.contains("host: localhost\r\n"), "{shot}");
    let set = heard(&inside.http.post(&path("a", "/clipboard"), &json!({ "type": "text", "data": "x" })).is(200));
    assert!(set.starts_with("post /clipboard http/1.1\r\n"), "{set}");
    let any = inside.http.get(&path("a", "/proxy/9876/windows/7?x=1")).is(200);
    assert!(heard(&any).starts_with("get /windows/7?x=1 http/1.1\r\n"), "{any:?}");
    assert!(heard(&any).contains("x-forwarded-prefix: /api/v1/dev-containers/a/proxy/9876/\r\n"), "{any:?}");
    assert!(!any.head.to_lowercase().contains("set-cookie"), "{any:?}");
    inside.http.get(&path("a", "/proxy/22/")).is(404);
    assert_eq!(heard(&inside.http.get(&path("a", "/clients")).is(200)).split(' ').nth(1), Some("/clients"));
}

#[test]
fn from_outside_nothing_is_added_and_nothing_but_bridges_is_reached() {
    let inside = with_bridge("a");
    let (host, _) = address(&inside, "a");
    assert!(host.starts_with("a.localhost:"), "{host}");
    let close = "Connection: close\r\n\r\n";
    let own =
        from_outside(port(&host), &format!("GET /x?y HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil\r\n{close}"));
    let own = heard(&own.is(200));
    assert!(own.starts_with("get /x?y http/1.1\r\n") && !own.contains("authorization"), "{own}");
    assert!(own.contains("origin: http://evil\r\n") && own.contains(&format!("host: {host}\r\n")), "{own}");
    let claim = format!("GET /x HTTP/1.1\r\nHost: {host}\r\nLunette-User: admin\r\n{close}");
    let claim = heard(&from_outside(port(&host), &claim).is(200));
    assert!(!claim.contains("admin"), "nobody says there who he is: {claim}");
    let by_path = format!("GET /d/a/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Prefix: /evil\r\n{close}");
    let by_path = heard(&from_outside(port(&host), &by_path).is(200));
    assert!(by_path.contains("x-forwarded-prefix: /d/a/\r\n") && !by_path.contains("evil"), "{by_path}");
    for target in ["/", "/api/v1/dev-containers", "/d/nobody/", "/openapi.json", "/d/../health"] {
        from_outside(port(&host), &format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{close}")).is(404);
    }
}

#[test]
fn a_client_of_the_api_says_who_it_asks_for() {
    let inside = with_bridge("a");
    let mut client = UnixStream::connect(inside.world.socket()).unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: hydra\r\nLunette-User: zoe\r\nConnection: close\r\n\r\n",
        path("a", "/proxy/9876/status")
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.to_lowercase().contains("lunette-user: zoe"), "{answer}");
}

#[test]
fn a_browser_shows_each_desktop_at_an_origin_of_its_own() {
    let inside = with_bridge("a");
    let (host, _) = address(&inside, "a");
    let request = format!(
        "GET /d/a/ HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n\r\n",
        port(&host)
    );
    let sent = from_outside(port(&host), &request).is(307);
    assert!(sent.head.contains(&format!("location: http://{host}/\r\n")), "{}", sent.head);
}

#[test]
fn a_websocket_passes_both_ways() {
    let inside = with_bridge("a");
    let (host, _) = address(&inside, "a");
    let ask = |target: &str, host: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    };
    let talk = |stream: &mut dyn ReadWrite| {
        let answer = head(stream).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"typed").unwrap();
        let mut echo = [0; 5];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!((&hello, &echo), (b"hello", b"typed"));
    };
    let mut outside = TcpStream::connect(format!("127.0.0.1:{}", port(&host))).unwrap();
    outside.write_all(ask("/ws/stream", &host).as_bytes()).unwrap();
    talk(&mut outside);
    let mut client = UnixStream::connect(inside.world.socket()).unwrap();
    client.write_all(ask(&path("a", "/ws/stream"), "hydra").as_bytes()).unwrap();
    talk(&mut client);
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

#[test]
fn a_desktop_that_lays_links_leads_nobody_to_hydra() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    fs::create_dir_all(folder(&inside, "a")).unwrap();
    symlink(inside.world.socket(), folder(&inside, "a").join("http.sock")).unwrap();
    let reply = inside.http.get(&path("a", "/proxy/9876/api/v1/dev-containers")).is(502);
    assert!(reply.text().contains("not its bridge"), "{}", reply.text());
    let (host, _) = address(&inside, "a");
    from_outside(port(&host), &format!("GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).is(502);
}

#[test]
fn a_bridge_that_says_nothing_keeps_no_other_desktop_waiting() {
    let inside = with_bridge("good");
    inside.http.create("bad", "").is(201);
    fs::create_dir_all(folder(&inside, "bad")).unwrap();
    let _silent = UnixListener::bind(folder(&inside, "bad").join("http.sock")).unwrap();
    let (host, _) = address(&inside, "bad");
    let mut waiting = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", port(&host))).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        waiting.push(stream);
    }
    inside.http.get(&path("good", "/screenshot")).is(200);
    let (host, _) = address(&inside, "good");
    from_outside(port(&host), &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).is(200);
}

#[test]
fn nonsense_from_a_bridge_is_no_answer() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    fs::create_dir_all(folder(&inside, "a")).unwrap();
    let listener = UnixListener::bind(folder(&inside, "a").join("http.sock")).unwrap();
    let answers = [
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".to_vec(),
        b"SSH-2.0-x\r\n".to_vec(),
        [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 1 << 20]].concat(),
        Vec::new(),
    ];
    let count = answers.len();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = head(&mut stream);
            // Whoever refuses a head does not read it to its end.
            let _ = stream.write_all(&answer);
        }
    });
    for _ in 0..count {
        inside.http.get(&path("a", "/screenshot")).is(502);
    }
}

#[test]
fn tokens_are_a_desktops_own_and_stay_when_it_is_started_again() {
    let inside = Inside::start();
    inside.http.create("a", "").is(201);
    let wish = json!({
        "id": "b", "profile": "weston", "environment": { "FAKE": "vanish-once" },
        "restart": { "when": "on-failure", "times": 1 },
    });
    inside.http.post("/api/v1/dev-containers?wait=0", &wish).is(201);
    let tokens = |id: &str| inside.http.show(id)["bridge"]["tokens"].clone();
    let file = inside.world.desktop("b").join("bridge.tokens");
    let first = eventually(|| fs::read_to_string(&file).ok());
    inside.http.until("b", |shown| shown["report"]["restarts"] == 1 && shown["status"] == "running");
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(tokens("a"), tokens("b"));
    inside.http.delete("b").is(200);
    inside.http.create("b", "").is(201);
    assert_ne!(fs::read_to_string(&file).unwrap(), first, "another desktop of that name");
    assert_eq!(tokens("b").as_object().map(|all| all.values().filter(|one| Value::is_string(one)).count()), Some(3));
}
