//! ELF files: what a kernel module says of itself in its `.modinfo` section, and what of a program is not loaded.

/// How 64-bit little-endian ELF files begin; both architectures have these.
const MAGIC: &[u8] = b"\x7fELF\x02\x01";
/// Bytes of their header.
const HEADER: usize = 64;

/// Where the table of sections is, the size of its entries, how many there are, and which of them has their names.
const SECTIONS: [(usize, usize); 4] = [(0x28, 8), (0x3a, 2), (0x3c, 2), (0x3e, 2)];

/// `depends` and `softdep` of a module, or `None` when it is not a module.
pub(crate) fn modinfo(module: &[u8]) -> Option<Vec<(&str, &str)>> {
    let section = section(module, b".modinfo")?;
    let records = section.split(|byte| *byte == 0).filter_map(|record| str::from_utf8(record).ok());
    Some(records.filter_map(|record| record.split_once('=')).collect())
}

/// Takes from a program what the kernel and the loader do not read: sections and all that only these lead to. What is no
/// program stays as it is, and so does one with something of its own behind its sections.
pub(crate) fn strip(file: &mut Vec<u8>) {
    let Some(end) = segments_end(file) else { return };
    if sections_end(file) != Some(file.len()) {
        return;
    }
    file.truncate(end);
    for (at, len) in SECTIONS {
        file[at..at + len].fill(0);
    }
}

/// Behind the last byte that a program's segments have, and behind its header and the table of segments.
fn segments_end(file: &[u8]) -> Option<usize> {
    if !file.starts_with(MAGIC) {
        return None;
    }
    let (table, entry, count) = (word(file, 0x20)?, half(file, 0x36)?, half(file, 0x38)?);
    let table_end = table.checked_add(entry.checked_mul(count)?)?;
    let segment_end = |number: usize| {
        let header = table.checked_add(entry.checked_mul(number)?)?;
        word(file, header.checked_add(0x8)?)?.checked_add(word(file, header.checked_add(0x20)?)?)
    };
    let ends: Option<Vec<usize>> = (0..count).map(segment_end).collect();
    let end = ends?.into_iter().max()?.max(table_end).max(HEADER);
    (end <= file.len()).then_some(end)
}

/// Behind the table of sections, which is what linkers write last.
fn sections_end(file: &[u8]) -> Option<usize> {
    word(file, 0x28)?.checked_add(half(file, 0x3a)?.checked_mul(half(file, 0x3c)?)?)
}

/// A section of an ELF file.
fn section<'a>(file: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    if !file.starts_with(MAGIC) {
        return None;
    }
    let table = word(file, 0x28)?;
    let (entry, count, names) = (half(file, 0x3a)?, half(file, 0x3c)?, half(file, 0x3e)?);
    let header = |number: usize| table.checked_add(entry.checked_mul(number)?);
    let content = |header: usize| {
        let (start, len) = (word(file, header.checked_add(0x18)?)?, word(file, header.checked_add(0x20)?)?);
        file.get(start..start.checked_add(len)?)
    };
    let names = content(header(names)?)?;
    (0..count).filter_map(header).find_map(|header| {
        let name_at = usize::try_from(u32::from_le_bytes(bytes(file, header)?)).ok()?;
        let found = names.get(name_at..)?.split(|byte| *byte == 0).next()?;
        if found == name { content(header) } else { None }
    })
}

fn word(file: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes(file, at)?)).ok()
}

fn half(file: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes(file, at)?)))
}

fn bytes<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
    file.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A module with nothing but these records.
#[cfg(test)]
pub(crate) fn module_with(records: &[&str]) -> Vec<u8> {
    let info: Vec<u8> = records.iter().flat_map(|record| [record.as_bytes(), b"\0"].concat()).collect();
    let names = b"\0.modinfo\0";
    let mut file = vec![0; 64];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file.extend(&info);
    file.extend(names);
    let table = file.len();
    for (name, start, len) in [(0_u32, 0, 0), (1, 64, info.len()), (0, 64 + info.len(), names.len())] {
        let mut header = [0; 64];
        header[..4].copy_from_slice(&name.to_le_bytes());
        header[0x18..0x20].copy_from_slice(&(start as u64).to_le_bytes());
        header[0x20..0x28].copy_from_slice(&(len as u64).to_le_bytes());
        file.extend(header);
    }
    file[0x28..0x30].copy_from_slice(&(table as u64).to_le_bytes());
    for (at, value) in [(0x3a, 64_u16), (0x3c, 3), (0x3e, 2)] {
        file[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_module_names_what_it_depends_on() {
        let module = module_with(&["license=GPL", "depends=a,b"]);
        assert_eq!(modinfo(&module).unwrap(), [("license", "GPL"), ("depends", "a,b")]);
        assert_eq!(modinfo(b"#!/bin/sh"), None);
    }

    #[test]
    fn a_stripped_program_runs_as_before_and_has_no_sections() {
        let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let before = program.len();
        strip(&mut program);
        assert!(program.len() < before, "{before}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        std::fs::write(&path, &program).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let ran = std::process::Command::new(&path).arg("--list").output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        assert!(String::from_utf8(ran.stdout).unwrap().contains("a_stripped_program_runs_as_before"));
        assert_eq!(section(&program, b".text"), None);
        let again = program.clone();
        strip(&mut program);
        assert!(program == again);
    }

    #[test]
    fn a_program_that_carries_something_behind_its_sections_keeps_it() {
        let mut program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        program.extend(b"an archive that it reads itself");
        let before = program.clone();
        strip(&mut program);
        assert!(program == before);
    }

    #[test]
    fn what_is_no_program_is_not_stripped() {
        for file in [&b"#!/bin/sh\n"[..], b"", b"\x7fELF\x02\x01", &module_with(&["depends=a"])] {
            let mut stripped = file.to_vec();
            strip(&mut stripped);
            assert_eq!(stripped, file);
        }
    }

    proptest! {
        #[test]
        fn a_damaged_program_never_panics(at in 0_usize..120, value in any::<u8>(), cut in 0_usize..200) {
            let mut program = vec![0; 200];
            program[..6].copy_from_slice(MAGIC);
            program[0x20] = 64;
            (program[0x36], program[0x38]) = (56, 1);
            program[at] = value;
            program.truncate(cut);
            strip(&mut program);
        }

        #[test]
        fn a_damaged_module_never_panics(at in 0_usize..400, value in any::<u8>(), cut in 0_usize..400) {
            let mut module = module_with(&["depends=a,b"]);
            if let Some(byte) = module.get_mut(at) {
                *byte = value;
            }
            module.truncate(cut);
            let _ = modinfo(&module);
        }
    }
}
