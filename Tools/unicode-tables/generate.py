#!/usr/bin/env python3
"""Writes Sources/Tokenizers/Unicode/*Table.swift: what the reference libraries believe about characters.

    pip install tokenizers==0.23.3
    python3 Tools/unicode-tables/generate.py

The library is asked about every scalar, because it mixes versions of Unicode: its regular expressions and
tiktoken's know 16.0, its normal forms 9.0, its lowercase and numbers 17.0. Each table is a string of numbers in
base 32, least digits first, in an alphabet of 64 characters: the upper half says that more digits follow.
"""
import os
import sys
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Sources", "Tokenizers", "Unicode")
ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(map(chr, ALL))
CATEGORIES = ("Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co").split()
SCRIPTS = """Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki
Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee
Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan
Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Garay Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi
Gurmukhi Gurung_Khema Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited
Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi
Khitan_Small_Script Khmer Khojki Khudawadi Kirat_Rai Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian
Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui
Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari
New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Ol_Onal Old_Hungarian Old_Italic Old_North_Arabian
Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene
Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting
Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Sunuwar Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet
Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Todhri Toto Tulu_Tigalari Ugaritic Vai
Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square""".split()


def number(value):
    digits = ""
    while True:
        low = value & 31
        value >>= 5
        digits += ALPHABET[low + (32 if value else 0)]
        if not value:
            return digits


def signed(value):
    return number(value * 2 if value >= 0 else -value * 2 - 1)


def runs(value_of):
    """(length, value) of each longest run of equal values, from U+0000 on; a trailing run of 0 is left out."""
    result, start, last = [], 0, value_of(0)
    for c in range(1, 0x110000):
        value = 0 if 0xD800 <= c < 0xE000 else value_of(c)
        if value != last:
            result.append((c - start, last))
            start, last = c, value
    if last:
        result.append((0x110000 - start, last))
    return "".join(number(length) + number(value) for length, value in result)


def members(scalars):
    """Alternating lengths outside and inside a set."""
    result, start, last = [], 0, False
    for c in range(0x110000):
        inside = c in scalars
        if inside != last:
            result.append(c - start)
            start, last = c, inside
    if last:
        result.append(0x110000 - start)
    return "".join(map(number, result))


def matched(pattern, text=TEXT):
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    return {ord(c) for piece, _ in split.pre_tokenize_str(text) for c in piece}


def write(name, comment, tables):
    lines = ["// Written by Tools/unicode-tables/generate.py.", "", "extension UnicodeTables {"]
    for index, (member, doc, text) in enumerate(tables):
        lines += [""] if index else []
        lines += [f"  /// {doc}", f'  static let {member} = """']
        pieces = [text[i:i + 94] for i in range(0, len(text), 94)] or [""]
        lines += ["    " + piece + ("\\" if i + 1 < len(pieces) else "") for i, piece in enumerate(pieces)]
        lines += ['    """']
    lines += ["}"]
    path = os.path.join(FOLDER, name + ".swift")
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    print(name, len(lines), "lines", comment)


def categories():
    index = {}
    for number_of, name in enumerate(CATEGORIES):
        for c in matched(r"\p{%s}" % name):
            index[c] = number_of
    alphabetic = matched(r"\p{Alphabetic}")
    upper, lower = matched(r"[[:upper:]]"), matched(r"[[:lower:]]")
    write("CategoryTable", "", [
        ("categories", "Runs of general categories, by their place in `GeneralCategory`.", runs(lambda c: index[c])),
        ("alphabetic", "The property Alphabetic.", members(alphabetic)),
        ("uppercase", "The property Uppercase.", members(upper)),
        ("lowercase", "The property Lowercase.", members(lower)),
    ])


def scripts():
    index = {}
    for number_of, name in enumerate(SCRIPTS):
        for c in matched(r"\p{%s}" % name):
            index[c] = number_of + 1
    # The pre-tokeniser UnicodeScripts has an older table of its own: a scalar belongs to a script of it where it
    # does not part from that script's first letter. What parts from nothing at all is of no script ("Any").
    split = pre_tokenizers.UnicodeScripts()

    def parts(a, b):
        return len(split.pre_tokenize_str(a + b)) > 1

    letters, own = [], {}
    for c in ALL:
        known = own.get(c - 1)
        if known is not None and not parts(chr(c), "A") and not parts(chr(c), "\u0416"):
            own[c] = 0
            continue
        if not parts(chr(c), "A") and not parts(chr(c), "\u0416"):
            own[c] = 0
            continue
        if known and not parts(letters[known - 1], chr(c)):
            own[c] = known
            continue
        found = next((i + 1 for i, letter in enumerate(letters) if not parts(letter, chr(c))), None)
        if found is None:
            letters.append(chr(c))
            found = len(letters)
        own[c] = found
    write("ScriptTable", "", [
        ("scriptNames", "The scripts from number 1 on.", " ".join(SCRIPTS)),
        ("scripts", "Runs of scripts, by number; 0 is none.", runs(lambda c: index.get(c, 0))),
        ("splitScripts", "Runs of what the pre-tokeniser UnicodeScripts tells apart; 0 goes with all.",
         runs(lambda c: own[c])),
    ])


def normal_forms():
    forms = {form: getattr(normalizers, form)().normalize_str for form in ("NFC", "NFD", "NFKD")}
    canonical = {c: forms["NFD"](chr(c)) for c in ALL if not 0xAC00 <= c < 0xD7A4}
    compatible = {c: forms["NFKD"](chr(c)) for c in ALL if not 0xAC00 <= c < 0xD7A4}

    def classes(c):
        known = unicodedata.combining(chr(c))
        if not known or canonical[c] != chr(c):
            return 0
        # Only what the library itself reorders has a class there.
        probe = ("\u0345" + chr(c), chr(c) + "\u0345") if known < 240 else (chr(c) + "\u0334", "\u0334" + chr(c))
        return known if forms["NFD"](probe[0]) == probe[1] or known == 240 else 0

    def mapping(table, skip):
        text, last = "", 0
        for c in sorted(table):
            if table[c] == chr(c) or table[c] == skip.get(c):
                continue
            text += number(c - last) + number(len(table[c])) + "".join(number(ord(d)) for d in table[c])
            last = c
        return text

    excluded, last = "", 0
    for c in sorted(canonical):
        if len(canonical[c]) > 1 and forms["NFC"](chr(c)) != chr(c):
            excluded += number(c - last)
            last = c
    write("NormalFormTable", "", [
        ("combiningClasses", "Runs of canonical combining classes.", runs(classes)),
        ("exclusions", "Steps from one to the next scalar that decomposes and never is composed.", excluded),
        ("canonical", "Step, count and scalars of every full canonical decomposition but Hangul's.",
         mapping(canonical, {})),
    ])
    write("CompatibilityTable", "", [
        ("compatibility", "The same for compatibility decompositions that are not canonical.",
         mapping(compatible, canonical)),
    ])


def cases():
    lower = normalizers.Lowercase().normalize_str
    text, last = "", 0
    for c in ALL:
        small = lower(chr(c))
        if small != chr(c):
            text += number(c - last) + number(len(small)) + signed(ord(small[0]) - c)
            text += "".join(number(ord(d)) for d in small[1:])
            last = c
    cased = sorted({ord(x) for c in ALL for x in (chr(c) + chr(c).lower() + chr(c).upper() + chr(c).casefold())
                    if chr(c).lower() != chr(c) or chr(c).upper() != chr(c) or chr(c).casefold() != chr(c)}
                   | {c for c in ALL if lower(chr(c)) != chr(c)} | {ord(lower(chr(c))[0]) for c in ALL if lower(chr(c)) != chr(c)})
    # Apart from each other, so that none is a part of what several letters fold to.
    letters = "\n".join(map(chr, cased))
    seen, groups = set(), ""
    for c in cased:
        if c in seen:
            continue
        group = sorted(matched(r"(?i:\x{%X})" % c, letters) | {c})
        seen |= set(group)
        if len(group) > 1:
            groups += number(len(group)) + number(group[0]) + "".join(number(b - a) for a, b in zip(group, group[1:]))
    write("CaseTable", "", [
        ("lowercased", "Step, count, signed difference and further scalars of every lowercase mapping.", text),
        ("caseGroups", "Scalars that are equal without regard to case: count, first, steps.", groups),
    ])


def sets():
    def bert(**options):
        chosen = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
        return normalizers.BertNormalizer(**(chosen | options)).normalize_str

    clean, accents, decompose = bert(clean_text=True), bert(strip_accents=True), normalizers.NFD().normalize_str
    strip = normalizers.StripAccents().normalize_str
    punctuation = pre_tokenizers.Punctuation("removed").pre_tokenize_str(TEXT)
    numbers = pre_tokenizers.Digits(True).pre_tokenize_str("a".join(TEXT))
    write("ReferenceTable", "", [
        ("marks", "What StripAccents takes away.", members({c for c in ALL if not strip(chr(c))})),
        ("bertAccents", "What BertNormalizer takes away with `strip_accents`.",
         members({c for c in ALL if decompose(chr(c)) == chr(c) and not accents(chr(c))})),
        ("bertControls", "What BertNormalizer takes away with `clean_text`.",
         members({c for c in ALL if not clean(chr(c))})),
        ("punctuation", "What Punctuation and BertPreTokenizer cut at.",
         members(set(ALL) - {ord(c) for piece, _ in punctuation for c in piece})),
        ("numbers", "What Digits cuts at.",
         members({ord(piece) for piece, _ in numbers if len(piece) == 1 and piece != "a"})),
    ])


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["categories", "scripts", "normal_forms", "cases", "sets"]
    for name in wanted:
        globals()[name]()
