//! The first byte of every message.

pub(super) const VIDEO: u8 = 0x01;

pub(super) const KEYBOARD: u8 = 0x10;
pub(super) const POINTER: u8 = 0x11;
pub(super) const MOVE_TO: u8 = 0x12;
pub(super) const MOVE_BY: u8 = 0x13;
pub(super) const TOUCH: u8 = 0x14;
pub(super) const CONTROLLER_EVENT: u8 = 0x15;
pub(super) const CONTROLLER_STATE: u8 = 0x16;
pub(super) const MICROPHONE: u8 = 0x17;

pub(super) const CONTROL: u8 = 0x20;

pub(super) const STREAM_INIT: u8 = 0x30;
pub(super) const STREAM_ERROR: u8 = 0x31;

pub(super) const PING: u8 = 0x40;
pub(super) const PONG: u8 = 0x41;
pub(super) const FEEDBACK: u8 = 0x42;
pub(super) const TIMING: u8 = 0x43;

pub(super) const CURSOR_IMAGE: u8 = 0x50;
pub(super) const CURSOR_NAME: u8 = 0x51;
pub(super) const REMOTE_CURSOR: u8 = 0x53;
pub(super) const REMOTE_USER: u8 = 0x54;
pub(super) const AGENT_CURSOR: u8 = 0x55;
pub(super) const REMOTE_TOUCH: u8 = 0x56;
pub(super) const SELF_ID: u8 = 0x58;

/// What `/ws/input` calls the same, and nobody else does.
pub(super) mod input {
    pub(in crate::stream) const KEYBOARD: u8 = 0x01;
    pub(in crate::stream) const BUTTON: u8 = 0x02;
    pub(in crate::stream) const MOVE_TO: u8 = 0x03;
    pub(in crate::stream) const MOVE_BY: u8 = 0x04;
    pub(in crate::stream) const SCROLL: u8 = 0x05;
    pub(in crate::stream) const TOUCH: u8 = 0x06;
}
