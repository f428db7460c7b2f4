//! An initial file system whose only program prints a line and switches the machine off.

use crate::machine::Arch;

/// What the program prints.
pub(crate) const LINE: &str = "lunette: this processor can boot\n";

/// write(1, LINE, 33); reboot(0xfee1dead, 0x28121969, 0x4321fedc, 0); then for ever nothing. LINE follows.
const AMD64: [u8; 51] = [
    0xb8, 0x01, 0x00, 0x00, 0x00, // mov eax, 1
    0xbf, 0x01, 0x00, 0x00, 0x00, // mov edi, 1
    0x48, 0x8d, 0x35, 0x22, 0x00, 0x00, 0x00, // lea rsi, [rip + 34]
    0xba, 0x21, 0x00, 0x00, 0x00, // mov edx, 33
    0x0f, 0x05, // syscall
    0xb8, 0xa9, 0x00, 0x00, 0x00, // mov eax, 169
    0xbf, 0xad, 0xde, 0xe1, 0xfe, // mov edi, 0xfee1dead
    0xbe, 0x69, 0x19, 0x12, 0x28, // mov esi, 0x28121969
    0xba, 0xdc, 0xfe, 0x21, 0x43, // mov edx, 0x4321fedc
    0x45, 0x31, 0xd2, // xor r10d, r10d
    0x0f, 0x05, // syscall
    0xeb, 0xfe, // jmp to itself
];

const ARM64: [u8; 60] = [
    0x20, 0x00, 0x80, 0xd2, // mov x0, 1
    0xc1, 0x01, 0x00, 0x10, // adr x1, 56 bytes on
    0x22, 0x04, 0x80, 0xd2, // mov x2, 33
    0x08, 0x08, 0x80, 0xd2, // mov x8, 64
    0x01, 0x00, 0x00, 0xd4, // svc 0
    0xa0, 0xd5, 0x9b, 0xd2, // movz x0, 0xdead
    0x20, 0xdc, 0xbf, 0xf2, // movk x0, 0xfee1, lsl 16
    0x21, 0x2d, 0x83, 0xd2, // movz x1, 0x1969
    0x41, 0x02, 0xa5, 0xf2, // movk x1, 0x2812, lsl 16
    0x82, 0xdb, 0x9f, 0xd2, // movz x2, 0xfedc
    0x22, 0x64, 0xa8, 0xf2, // movk x2, 0x4321, lsl 16
    0x03, 0x00, 0x80, 0xd2, // mov x3, 0
    0xc8, 0x11, 0x80, 0xd2, // mov x8, 142
    0x01, 0x00, 0x00, 0xd4, // svc 0
    0x00, 0x00, 0x00, 0x14, // branch to itself
];

/// Bytes before the code: the ELF header and one program header.
const HEADERS: u16 = 64 + 56;

/// Where the program is loaded.
const BASE: u64 = 0x40_0000;

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// The file system, in the kernel's `newc` format.
pub(crate) fn initramfs(arch: Arch) -> Vec<u8> {
    let mut archive = Vec::new();
    entry(&mut archive, "dev", DIRECTORY, (0, 0), &[]);
    // The kernel connects the program's output to it.
    entry(&mut archive, "dev/console", CHARACTER_DEVICE, (5, 1), &[]);
    entry(&mut archive, "init", PROGRAM, (0, 0), &program(arch));
    entry(&mut archive, "TRAILER!!!", 0, (0, 0), &[]);
    archive
}

fn entry(archive: &mut Vec<u8>, name: &str, mode: u32, device: (u32, u32), body: &[u8]) {
    // inode, mode, owner, group, links, time, size, device of the file system (2), device (2), name with its end, sum
    let fields = [0, u64::from(mode), 0, 0, 1, 0, body.len() as u64, 0, 0].into_iter().chain([
        u64::from(device.0),
        u64::from(device.1),
        name.len() as u64 + 1,
        0,
    ]);
    archive.extend_from_slice(b"070701");
    archive.extend(fields.flat_map(|field| format!("{field:08x}").into_bytes()));
    archive.extend_from_slice(name.as_bytes());
    archive.push(0);
    pad(archive);
    archive.extend_from_slice(body);
    pad(archive);
}

fn pad(archive: &mut Vec<u8>) {
    archive.resize(archive.len().next_multiple_of(4), 0);
}

/// A static ELF program of one read-only segment.
fn program(arch: Arch) -> Vec<u8> {
    let (machine, code): (u16, &[u8]) = match arch {
        Arch::Amd64 => (62, &AMD64),
        Arch::Arm64 => (183, &ARM64),
    };
    let size = u64::from(HEADERS) + code.len() as u64 + LINE.len() as u64;
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
    elf.resize(16, 0);
    let half = |elf: &mut Vec<u8>, value: u16| elf.extend_from_slice(&value.to_le_bytes());
    let word = |elf: &mut Vec<u8>, value: u32| elf.extend_from_slice(&value.to_le_bytes());
    let long = |elf: &mut Vec<u8>, value: u64| elf.extend_from_slice(&value.to_le_bytes());
    half(&mut elf, 2); // executable
    half(&mut elf, machine);
    word(&mut elf, 1);
    long(&mut elf, BASE + u64::from(HEADERS)); // entry
    long(&mut elf, 64); // program headers
    long(&mut elf, 0);
    word(&mut elf, 0);
    for value in [64, 56, 1, 64, 0, 0] {
        half(&mut elf, value);
    }
    word(&mut elf, 1); // load
    word(&mut elf, 5); // read, execute
    for value in [0, BASE, BASE, size, size, 0x1000] {
        long(&mut elf, value);
    }
    elf.extend_from_slice(code);
    elf.extend_from_slice(LINE.as_bytes());
    elf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_prints_the_whole_line() {
        assert_eq!(LINE.len(), 33);
        for (arch, code) in [(Arch::Amd64, AMD64.len()), (Arch::Arm64, ARM64.len())] {
            let elf = program(arch);
            assert_eq!(&elf[usize::from(HEADERS) + code..], LINE.as_bytes());
        }
    }

    #[test]
    fn the_code_points_at_the_line() {
        // lea: the displacement counts from the next instruction, at 17; adr: from itself, at 4.
        assert_eq!(17 + u32::from_le_bytes([AMD64[13], AMD64[14], AMD64[15], AMD64[16]]) as usize, AMD64.len());
        let adr = u32::from_le_bytes([ARM64[4], ARM64[5], ARM64[6], ARM64[7]]);
        assert_eq!(4 + (((adr >> 5) & 0x7_ffff) << 2) as usize, ARM64.len());
    }

    #[test]
    fn every_entry_is_aligned_and_the_archive_ends() {
        let archive = initramfs(Arch::Amd64);
        assert_eq!(archive.len() % 4, 0);
        let text = String::from_utf8_lossy(&archive);
        assert_eq!(text.matches("070701").count(), 4);
        assert!(text.contains("TRAILER!!!"));
    }
}
