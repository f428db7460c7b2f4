//! Running programs.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Server, serve};

async fn shell(server: &Server, script: &str, more: &Value) -> Value {
    let mut body = json!({"command": ["/bin/sh", "-c", script]});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let answer = server.post("/exec", &body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

/// Whether a process is there, as a zombie too.
fn is_there(pid: &Value) -> bool {
    Path::new("/proc").join(pid.to_string().trim_matches('"')).exists()
}

async fn gone(pid: &Value) {
    let limit = Instant::now() + Duration::from_secs(20);
    while is_there(pid) {
        assert!(Instant::now() < limit, "{pid} is still there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_allowed_runs_and_says_how_it_ended() {
    let server = serve("agent").await;
    let answer = shell(&server, "echo out; echo err >&2; pwd; exit 3", &json!({})).await;
    assert_eq!(answer["output"], "out\n/tmp\n");
    assert_eq!(
        (&answer["error"], &answer["exit_code"], &answer["success"]),
        (&json!("err\n"), &json!(3), &json!(false))
    );
    assert!(!is_there(&answer["pid"]));
    let answer = shell(&server, "kill -9 $$", &json!({})).await;
    assert_eq!(answer["exit_code"], 137);
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_and_the_missing_rule_is_named() {
    let server = serve("agent").await;
    for (command, hint) in [
        (json!(["rm", "-rf", "/"]), "/usr/bin/rm"),
        (json!(["/bin/rm"]), "/bin/rm"),
        (json!(["/bin/ls", "/etc"]), "/etc"),
        (json!(["ls; id"]), "ls; id"),
        (json!(["/bin/../bin/sh"]), "/bin/../bin/sh"),
    ] {
        let answer = server.post("/exec", &json!({"command": command})).await;
        assert_eq!(answer.status, 403, "{command}");
        assert!(answer.json()["hint"].as_str().expect("a hint").contains(hint), "{}", answer.json());
    }
    let answer = server.post("/exec", &json!({"command": ["ls"], "env": {"LD_PRELOAD": "/tmp/x.so"}})).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn only_agents_run_programs() {
    let server = serve("control").await;
    assert_eq!(server.post("/exec", &json!({"command": ["ls"]})).await.status, 403);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let server = serve("agent").await;
    for body in [
        json!({}),
        json!({"command": []}),
        json!({"command": "ls"}),
        json!({"command": vec!["ls"; 257]}),
        json!({"command": ["ls", "a\u{0}b"]}),
        json!({"command": ["ls"], "timeout": -1}),
        json!({"command": ["ls"], "timeout": 1e6}),
    ] {
        assert_eq!(server.post("/exec", &body).await.status, 400, "{body}");
    }
    assert_eq!(server.get("/exec").await.status, 405);
}

#[tokio::test]
async fn a_program_whose_time_is_over_is_killed_with_its_children() {
    let server = serve("agent").await;
    let answer = shell(&server, "echo $$; sleep 600 & echo $!; wait", &json!({"timeout": 0.3})).await;
    assert_eq!((&answer["success"], &answer["exit_code"]), (&json!(false), &json!(137)));
    assert!(answer["error"].as_str().expect("text").contains("killed after 0.3 s"));
    for pid in answer["output"].as_str().expect("text").lines() {
        gone(&json!(pid)).await;
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let server = serve("agent").await;
    let before = Instant::now();
    let answer = shell(&server, "sleep 600 & echo $!", &json!({})).await;
    assert_eq!(answer["success"], true);
    assert!(before.elapsed() < Duration::from_secs(20));
    gone(&json!(answer["output"].as_str().expect("text").trim())).await;
}

#[tokio::test]
async fn background_programs_are_reaped() {
    let server = serve("agent").await;
    let answer = shell(&server, "exit 0", &json!({"background": true})).await;
    assert_eq!((&answer["success"], &answer["exit_code"], &answer["output"]), (&json!(true), &json!(0), &json!("")));
    gone(&answer["pid"]).await;
}

#[tokio::test]
async fn of_much_output_the_end_is_kept() {
    let server = serve("agent").await;
    let script = "i=0; while [ $i -lt 40000 ]; do echo \"line $i of them\"; i=$((i+1)); done";
    let answer = shell(&server, script, &json!({})).await;
    let output = answer["output"].as_str().expect("text");
    assert_eq!((output.len(), &answer["truncated"]), (256 * 1024, &json!(true)));
    assert!(output.ends_with("line 39999 of them\n"));
}

#[tokio::test]
async fn the_environment_is_its_own() {
    let server = serve("agent").await;
    let answer = shell(&server, "env", &json!({"env": {"GREETING": "hello"}})).await;
    let output = answer["output"].as_str().expect("text");
    assert!(output.contains("GREETING=hello") && output.contains("PATH=/usr/local/bin:/usr/bin:/bin"), "{output}");
    assert!(!output.contains("CARGO"), "{output}");
    let answer = shell(&server, "ls /proc/self/fd", &json!({})).await;
    // The three, and the folder that is listed.
    assert_eq!(answer["output"].as_str().expect("text").lines().count(), 4);
}

#[tokio::test]
async fn a_program_that_is_not_there_says_so() {
    let server = serve("agent").await;
    let answer = server.post("/exec", &json!({"command": ["sh", "-c", "/nowhere"]})).await.json();
    assert_eq!((&answer["success"], &answer["exit_code"]), (&json!(false), &json!(127)));
}
