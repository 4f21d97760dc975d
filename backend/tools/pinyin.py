#!/usr/bin/env python3
"""Makes the tables of base/pinyin.c from the Unihan database (Debian: unicode-data).
   pinyin.py OUTPUT FOLDER     FOLDER: where Unihan_Readings.txt and Unihan_Variants.txt are, as they are or with .bz2"""
import bz2
import pathlib
import sys
import unicodedata

# Of a character with readings in modern dictionaries, those; of others, what the large historical one has.
MODERN = ("kMandarin", "kXHC1983", "kHanyuPinlu")
HISTORICAL = "kHanyuPinyin"


def properties(folder, name):
    """(character, property, value) of each row."""
    path = pathlib.Path(folder) / name
    packed = path.with_name(name + ".bz2")
    text = bz2.decompress(packed.read_bytes()).decode() if packed.exists() else path.read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("U+"):
            code, what, value = line.split("\t", 2)
            yield int(code[2:], 16), what, value


def spellings(syllable):
    """Without its tone, as it is typed: lü is both lv and lu."""
    letters = unicodedata.normalize("NFD", syllable)
    plain = "".join(c for c in letters if "a" <= c <= "z" or c == "\u0308").replace("u\u0308", "v").replace("\u0308", "")
    return {plain, plain.replace("v", "u")} - {""}


def syllables(what, value):
    for word in value.split():
        if what == "kHanyuPinlu":  # shì(4200)
            yield word.split("(")[0]
        elif what in ("kXHC1983", HISTORICAL):  # 0012.050,0012.060:zhāng,zhàng
            yield from word.split(":")[1].split(",")
        else:
            yield word


def readings(folder):
    modern, historical = {}, {}
    for char, what, value in properties(folder, "Unihan_Readings.txt"):
        table = modern if what in MODERN else historical if what == HISTORICAL else None
        if table is not None:
            for syllable in syllables(what, value):
                table.setdefault(char, set()).update(spellings(syllable))
    return {char: " ".join(sorted(found)) for char, found in {**historical, **modern}.items()}


def variants(folder):
    """The simplified form of traditional characters, and the usual form of compatibility ideographs."""
    found = {}
    for char, what, value in properties(folder, "Unihan_Variants.txt"):
        if what != "kSimplifiedVariant":
            continue
        others = [int(word[2:], 16) for word in value.split() if int(word[2:], 16) != char]
        if others:
            found[char] = others[0]
    for char in range(0xF900, 0xFB00):
        usual = unicodedata.normalize("NFKC", chr(char))
        if len(usual) == 1 and ord(usual) != char and 0x3400 <= ord(usual):
            found[char] = ord(usual)
    final = {}
    for char in found:
        form, seen = char, {char}
        while form in found and found[form] not in seen:
            form = found[form]
            seen.add(form)
        if form != char:
            final[char] = form
    # no form is changed again, so that a text folded once stays as it is
    return {char: form for char, form in final.items() if form not in final}


def rows(words):
    return "\n".join("    " + ", ".join(words[i:i + 8]) + "," for i in range(0, len(words), 8))


def main(output, folder):
    table, simple = readings(folder), variants(folder)
    sets = sorted(set(table.values()))
    place = {text: i for i, text in enumerate(sets)}
    assert len(sets) < 1 << 11 and len(table) > 20000 and len(simple) > 3000
    quoted = [f'"{text}"' for text in sets]
    of = [f"0x{char << 11 | place[text]:x}" for char, text in sorted(table.items())]
    pairs = [f"{{0x{char:x}, 0x{form:x}}}" for char, form in sorted(simple.items())]
    pathlib.Path(output).write_text(
        "/* Made by tools/pinyin.py from the Unihan database. Copyright © 1991-2022 Unicode, Inc.; see THIRD_PARTY.md. */\n"
        "#include <stddef.h>\n#include <stdint.h>\n\n#include \"base/pinyin.h\"\n\n"
        f"const char *const pinyin_sets[] = {{\n{rows(quoted)}\n}};\n"
        f"const uint32_t pinyin_of[] = {{\n{rows(of)}\n}};\nconst size_t pinyin_of_count = {len(of)};\n"
        f"const uint32_t pinyin_variants[][2] = {{\n{rows(pairs)}\n}};\nconst size_t pinyin_variant_count = {len(pairs)};\n",
        encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
