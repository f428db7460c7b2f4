//! What this version of Mutter calls things. It changes; so it is asked once.

/// How a stream is named in absolute positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamArgument {
    /// As a string: all versions that were seen.
    Text,
    /// As an object path.
    Path,
}

/// The methods of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Methods {
    pub(super) stream: StreamArgument,
    pub(super) relative: &'static str,
    pub(super) has_clipboard: bool,
    pub(super) has_touch: bool,
    pub(super) has_discrete: bool,
}

impl Methods {
    /// Reads them off an introspection of the session.
    pub(super) fn read(xml: &str) -> Self {
        let has = |name: &str| method(xml, name).is_some();
        let absolute = method(xml, "NotifyPointerMotionAbsolute").and_then(first_argument);
        Self {
            stream: if absolute == Some("o") { StreamArgument::Path } else { StreamArgument::Text },
            relative: if has("NotifyPointerMotion") && !has("NotifyPointerMotionRelative") {
                "NotifyPointerMotion"
            } else {
                "NotifyPointerMotionRelative"
            },
            has_clipboard: has("EnableClipboard") && has("SelectionRead"),
            has_touch: has("NotifyTouchDown"),
            has_discrete: has("NotifyPointerAxisDiscrete"),
        }
    }
}

/// What is inside of the method's element.
fn method<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = ['"', '\''].into_iter().find_map(|quote| {
        let wanted = format!("<method name={quote}{name}{quote}");
        xml.find(&wanted).map(|at| at + wanted.len())
    })?;
    let rest = &xml[start..];
    let tag_end = rest.find('>')?;
    if rest[..tag_end].ends_with('/') {
        return Some("");
    }
    let body = &rest[tag_end + 1..];
    Some(&body[..body.find("</method>")?])
}

/// The type of the first argument that goes in.
fn first_argument(body: &str) -> Option<&str> {
    let tags = body.split('<').filter(|tag| tag.starts_with("arg"));
    let tag = tags.into_iter().find(|tag| attribute(tag, "direction") != Some("out"))?;
    attribute(tag, "type")
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let at = tag.find(&format!(" {name}="))? + name.len() + 2;
    let quote = tag[at..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let value = &tag[at + 1..];
    Some(&value[..value.find(quote)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = r#"<node><interface name="org.gnome.Mutter.RemoteDesktop.Session">
        <method name="EnableClipboard"><arg name="options" type="a{sv}" direction="in"/></method>
        <method name="NotifyPointerMotionRelative"><arg type="d" name="dx" direction="in"/></method>
        <method name="NotifyPointerMotionAbsolute">
            <arg type="s" name="stream" direction="in"/><arg type="d" name="x" direction="in"/></method>
        <method name="SelectionRead"/><method name="NotifyTouchDown"/><method name="NotifyPointerAxisDiscrete"/>
        </interface></node>"#;

    #[test]
    fn a_newer_session_has_everything() {
        assert_eq!(
            Methods::read(NEW),
            Methods {
                stream: StreamArgument::Text,
                relative: "NotifyPointerMotionRelative",
                has_clipboard: true,
                has_touch: true,
                has_discrete: true,
            }
        );
    }

    #[test]
    fn an_older_session_has_other_names_and_types() {
        let old = "<node><method name='NotifyPointerMotion'><arg type='d'/></method>\
                   <method name='NotifyPointerMotionAbsolute'><arg name='type' type='o'/></method></node>";
        assert_eq!(
            Methods::read(old),
            Methods {
                stream: StreamArgument::Path,
                relative: "NotifyPointerMotion",
                has_clipboard: false,
                has_touch: false,
                has_discrete: false,
            }
        );
    }

    #[test]
    fn what_is_no_description_does_no_harm() {
        for xml in ["", "<method name=\"NotifyPointerMotionAbsolute\"", "<method name=\"NotifyPointerMotionAbsolute\">"]
        {
            assert_eq!(Methods::read(xml).stream, StreamArgument::Text);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_description_does_harm(body in "[<>/ ='\"a-z]{0,60}") {
            let _ = Methods::read(&format!("<method name=\"NotifyPointerMotionAbsolute\"{body}"));
        }
    }
}
