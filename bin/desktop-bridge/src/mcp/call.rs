//! `tools/call`.

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::result::{Content, Failure, in_protocol};
use super::rpc::{BAD_PARAMS, Fault, shorten};
use super::{act, look, schema, table};
use crate::agent::{AgentHost, Caller};

pub(super) async fn call<H: AgentHost>(host: &H, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let name = params["name"].as_str().ok_or_else(|| Fault::new(BAD_PARAMS, "name is missing"))?;
    let tool =
        table::find(name).ok_or_else(|| Fault::new(BAD_PARAMS, format!("there is no tool {:?}", shorten(name))))?;
    let none = json!({});
    let given = match &params["arguments"] {
        Value::Null => &none,
        given => given,
    };
    if let Err(wrong) = schema::check(&tool.schema, given) {
        return Ok(in_protocol(Err(Failure::new(format!("{}: {wrong}", tool.name)))));
    }
    Ok(in_protocol(run(host, caller, tool.name, Arguments(given)).await))
}

async fn run<H: AgentHost>(
    host: &H,
    caller: &Caller,
    name: &str,
    arguments: Arguments<'_>,
) -> Result<Content, Failure> {
    match name {
        "screenshot" => look::screenshot(host, arguments).await,
        "save_screenshot" => look::save(host, arguments).await,
        "get_screen" => look::screen(host).await,
        "wait_change" => look::wait_change(host, arguments).await,
        "wait_stable" => look::wait_stable(host, arguments).await,
        "click" | "double_click" | "move" | "drag" | "scroll" | "type_text" | "key" => {
            act::input(host, caller, name, arguments).await
        }
        "get_clipboard" => act::get_clipboard(host, arguments).await,
        "set_clipboard" => act::set_clipboard(host, arguments).await,
        _ => act::desktop(host, name, arguments).await,
    }
}
