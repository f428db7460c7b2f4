//! What a kernel module says of itself: the `.modinfo` section of its ELF file.

/// `depends` and `softdep` of a module, or `None` when it is not a module.
pub(crate) fn modinfo(module: &[u8]) -> Option<Vec<(&str, &str)>> {
    let section = section(module, b".modinfo")?;
    let records = section.split(|byte| *byte == 0).filter_map(|record| str::from_utf8(record).ok());
    Some(records.filter_map(|record| record.split_once('=')).collect())
}

/// A section of a 64-bit little-endian ELF file; both architectures have these.
fn section<'a>(file: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    if !file.starts_with(b"\x7fELF\x02\x01") {
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

    proptest! {
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
