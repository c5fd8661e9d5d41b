"""Random strings for tokenizers: mixed scripts, emoji, controls, marks, long runs, things that look special."""
import random

WORDS = """the of and Hello world don't I'LL we've They'RE it's naïve café straße ǅ ﬁn ſtop İstanbul ΣΊΣΥΦΟΣ
function(x) return0 foo_bar fooBar HTTPServer2 0x1F 3.14159 1,000,000 user@example.com https://a.b/c?d=e#f
日本語 中文字符 한국어 русский Ελληνικά العربية עברית हिन्दी বাংলা தமிழ் ไทย ខ្មែរ မြန်မာ አማርኛ ქართული Հայերեն
Tiếng_Việt 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ｆｕｌｌｗｉｄｔｈ ①②③ ½ ² ª ﷺ ㍿ Ǆ ŉ""".split()
PIECES = ["'s", "'T", "'re", "'VE", "'m", "'Ll", "'d", "'ſ", " 's", "\r\n", "\n\n", "\t", "  ", "   ", "\u00a0", "\u3000",
          "\u2028", "\u200b", "\u200d", "\ufe0f", "\ufeff", "\u0301", "\u0323\u0302", "\u0e33", "\u1100\u1161\u11a8",
          "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "☃️", "e\u0301", "A\u030a", "▁", "Ġ", "##ing", "<0x0A>", "<0xE2>", "</w>", "|", "<unk>",
          "<s>", "</s>", "<pad>", "[CLS]", "[MASK]", "<|endoftext|>", "<|im_start|>", "<extra_id_0>", "...", "!?", "``", "--",
          "\u0000", "\u0007", "\u001b[0m", "\u007f", "\u0085", "\u00ad", "\ufffd", "\ufffe", "\ue000", "\U0010ffff", "\u0378",
          "\u05d0\u05b0", "\u0600" "1", "ँ", "\u1b05", "\U000e0041"]
RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF), (0xE00, 0x10FF),
          (0x1100, 0x18AF), (0x1E00, 0x20CF), (0x2100, 0x27BF), (0x2E80, 0x33FF), (0x3400, 0x9FFF), (0xA000, 0xABFF),
          (0xAC00, 0xD7FF), (0xF900, 0xFFFF), (0x10000, 0x11FFF), (0x1D400, 0x1D7FF), (0x1F000, 0x1FAFF),
          (0x20000, 0x323AF), (0x0, 0x10FFFF)]


def scalar(r, low, high):
    while True:
        c = r.randint(low, high)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def part(r, special):
    kind = r.random()
    if kind < 0.34:
        return r.choice(WORDS)
    if kind < 0.52:
        return r.choice(PIECES)
    if kind < 0.58 and special:
        return r.choice(special)
    if kind < 0.70:
        low, high = r.choice(RANGES)
        return "".join(scalar(r, low, high) for _ in range(r.randint(1, 8)))
    if kind < 0.76:
        return "".join(r.choice("0123456789") for _ in range(r.randint(1, 12)))
    if kind < 0.84:
        return "".join(r.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") for _ in range(r.randint(1, 5)))
    if kind < 0.88:
        return r.choice([" ", "\n", "a", "é", "0", "=", "한", "👍", "\u0301", "ab", "\t", "▁"]) * r.randint(2, r.choice([8, 40, 300]))
    return "".join(r.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(r.randint(1, 12)))


def string(r, special=()):
    text = ""
    for _ in range(r.choice([1, 2, 3, 4, 6, 9, 14])):
        text += part(r, special)
        gap = r.random()
        text += " " if gap < 0.45 else "\n" if gap < 0.5 else "  " if gap < 0.55 else ""
    return text


def strings(seed, count, special=()):
    r = random.Random(seed)
    yield from ("", " ", "  ", "\n", "a", " a", "a ", "\u0301")
    for _ in range(count - 8):
        yield string(r, special)
