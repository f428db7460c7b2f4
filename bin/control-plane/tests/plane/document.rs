//! The description of the API.

use std::path::Path;

use serde_json::Value;

use crate::hydra::Hydra;
use crate::plane::Plane;

#[test]
fn the_description_that_is_checked_in_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/control-plane.openapi.json");
    let checked_in = std::fs::read_to_string(&path).unwrap();
    let made = serde_json::to_string_pretty(&control_plane::http::document()).unwrap();
    assert_eq!(checked_in.trim(), made, "control-plane openapi > docs/control-plane.openapi.json");
}

#[test]
fn every_schema_that_is_named_is_there() {
    let document = control_plane::http::document();
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[tokio::test]
async fn answers_have_the_members_that_are_described() {
    let hydra = Hydra::start().await;
    let plane = Plane::start(&hydra).await;
    plane.desktop("one").await;
    let schemas = control_plane::http::document()["components"]["schemas"].clone();
    let described = |name: &str, answer: &Value| {
        let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
        let known = schemas[name]["properties"].as_object().unwrap();
        assert!(members.iter().all(|member| known.contains_key(*member)), "{name}: {answer}");
        for required in schemas[name]["required"].as_array().unwrap() {
            assert!(members.iter().any(|member| *member == required), "{name} lacks {required}: {answer}");
        }
    };
    described("Desktop", &plane.get("/api/v1/desktops/one").await.json());
    described("Host", &plane.get("/api/v1/hosts").await.json()[0]);
    described("Token", &plane.get("/api/v1/tokens").await.json()[0]);
    described("Who", &plane.get("/api/v1/session").await.json());
    described("Problem", &plane.get("/api/v1/desktops/none").await.json());
    described("Link", &plane.post("/api/v1/login-links", &Value::Null).await.json());
}
