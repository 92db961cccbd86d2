#!/usr/bin/env python3
"""Hide what a shared library exports beside its own API.

The pyarrow wheel's libparquet carries a static OpenSSL and simdjson whose symbols are visible; libssl and our own simdjson would
bind to those copies and crash. Marking the symbols STV_HIDDEN in .dynsym makes both the link editor and the loader pass them by.

Usage: hide_symbols.py LIBRARY KEEP_REGEX      every defined dynamic symbol that does not match KEEP_REGEX becomes hidden
"""
import re
import struct
import sys

SHT_DYNSYM = 11
STB_LOCAL = 0
STV_MASK, STV_DEFAULT, STV_HIDDEN = 3, 0, 2
SECTION = struct.Struct("<IIQQQQIIQQ")  # Elf64_Shdr: name, type, flags, addr, offset, size, link, info, addralign, entsize
SYMBOL = struct.Struct("<IBBH")         # head of Elf64_Sym: name, info, other, shndx


def hide(image: bytearray, keep: re.Pattern) -> int:
    """Hides the symbols in place and returns how many."""
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    (table_offset,) = struct.unpack_from("<Q", image, 0x28)
    entry_size, count = struct.unpack_from("<HH", image, 0x3A)
    sections = [SECTION.unpack_from(image, table_offset + i * entry_size) for i in range(count)]
    hidden = 0
    for _, kind, _, _, offset, size, link, _, _, symbol_size in sections:
        if kind != SHT_DYNSYM:
            continue
        names = sections[link][4]
        for at in range(offset, offset + size, symbol_size):
            name, info, other, section = SYMBOL.unpack_from(image, at)
            if section == 0 or info >> 4 == STB_LOCAL or other & STV_MASK != STV_DEFAULT:
                continue
            end = image.index(0, names + name)
            if keep.search(image[names + name:end].decode()):
                continue
            image[at + 5] = (other & ~STV_MASK) | STV_HIDDEN
            hidden += 1
    return hidden


def main(path: str, keep: str) -> None:
    with open(path, "r+b") as file:
        image = bytearray(file.read())
        count = hide(image, re.compile(keep))
        file.seek(0)
        file.write(image)
    print(f"{path}: {count} symbols hidden")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
