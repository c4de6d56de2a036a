"""Strategies of queries that nobody means well, shared by the suite and `make bench`."""

from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

# What means something to FTS5, to tsquery, to SQL, to LIKE, to templates, or to this search.
OPERATORS = [
    *['"', "'", '""', "''", "`", "\\", "\\'", "/", "*", "^", ":", ";", "+", "-", "--", "/*", "*/", "=", "~", "#", "@"],
    *["AND", "OR", "NOT", "NEAR", "NEAR(", "NEAR(a b, 3)", "(", ")", "((", "{", "}", "title:", "{title names} :", "^="],
    *["&", "|", "!", "!!", "<->", "<2>", "<0>", ":*", ":A", ":*ABCD", "&&", "||", "%", "_", "[", "]", "?", "$1", "%s"],
    *["'; DROP TABLE procedures_medicalcode; --", "' OR '1'='1", "1=1", "UNION SELECT", "$$", "%(q)s", "E'\\x00'"],
    *["{{ 7 }}", "{% now %}", "<script>", "&lt;", "&#0;", "../../etc/passwd", "null", "None", "NaN", "-0", "1e999"],
    *["=active", "=policy", "^heart", "0" * 70, "a" * 70, "9.9.9.9", "1,000,000", "0.1", ".", "..", "mg", "10mg", "of"],
]
CHARACTERS = [
    *["\0", "\t", "\n", "\r", "\x0b", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\u200b", "\u200d", "\u2028", "\ufeff"],
    *["\u202e", "\u2066", "\u0640", "שלום", "مرحبا", "אבג 10", "ﷺ", "İ", "ı", "ß", "ẞ", "ſ", "ﬁ", "½", "²", "①", "Ⅷ"],
    *[
        "Ａ００",
        "Å",
        "e\u0301",
        "\u0301",
        "\u0301" * 30,
        "😀",
        "👩‍⚕️",
        "🇺🇸",
        "漢字",
        "ｶﾅ",
        "\U000e0041",
        "\uffff",
        "\U0010ffff",
    ],
    *["٣٤", "०१", "𝟘𝟙", "߀", "\ud800", "\udfff", "\ud83d", "’s", "μg", "µ", "™", "…", "–", "—"],
]
BROKEN = ["%", "%%", "%0", "%zz", "%u0041", "%00", "%ff", "%c0%80", "%ed%a0%80", "%f4%90%80%80"]
BROKEN += ["+", "&", "&&", "=", ";"]
OTHERS = [
    *["page=2", "page=0", "page=-1", "page=1e9", "page=99999999999999999999", "page=%00", "page=٣", "page=50"],
    *["system=hcpcs", "system=icd10cm", "system=hcpcs&system=icd10cm", "system=%00", "system='", "system=nothing"],
    *["status=retired", "status=active&status=header", "status=%ff", "has_guide=1", "has_guide=0", "has_guide=%00"],
    *["has_policy=1", "has_policy=0", "has_policy=maybe", "format=json", "format=xml", "limit=1000", "exact=1", "q="],
]


def query_strings(words: list[str], codes: list[str]) -> st.SearchStrategy[str]:
    """What stands behind the `?` of an address: ASCII, mostly a well-made `q`, with real words and codes in it."""
    wholes = texts(words, codes)
    queries = st.one_of(
        wholes.map(lambda text: "q=" + quote(text, errors="surrogatepass")),
        wholes.map(lambda text: "q=" + quote_plus(text, errors="surrogatepass")),
        st.binary(max_size=40).map(lambda data: "q=" + quote(data)),
        st.lists(st.sampled_from([*BROKEN, *(quote(word) for word in words[:50])]), max_size=8).map(
            lambda parts: "q=" + "".join(parts)
        ),
    )
    others = st.lists(st.sampled_from([quote(each, safe="=&%") for each in OTHERS]), max_size=3)
    return st.tuples(queries, st.one_of(st.just([]), others)).map(lambda parts: "&".join([parts[0], *parts[1]]))


def texts(words: list[str], codes: list[str]) -> st.SearchStrategy[str]:
    """Texts of the search box: real words and codes, whole or cut or run together, among operators and odd letters."""
    real = st.one_of(st.sampled_from(words), st.sampled_from(codes))
    cut = st.tuples(real, st.integers(1, 6)).map(lambda parts: parts[0][: parts[1]])
    slip = st.tuples(real, st.integers(0, 8), st.sampled_from("aeiouxyz'-")).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    )
    numbers = st.from_regex(r"[0-9.,\-/]{1,12}", fullmatch=True)
    letters = st.from_regex(r"[a-z]{1,14}", fullmatch=True)
    odd = st.one_of(st.sampled_from(OPERATORS), st.sampled_from(CHARACTERS), st.text(max_size=12))
    piece = st.one_of(real, real, cut, slip, numbers, letters, odd, odd)
    separator = st.sampled_from([" ", " ", " ", "", "  ", "-", ".", "'", '"', "*", "\t", "/"])
    parts = st.lists(st.tuples(piece, separator), min_size=1, max_size=8)
    short = parts.map(lambda pairs: "".join(text for pair in pairs for text in pair))
    # From a visitor's finger on one key to a pasted page.
    long = st.tuples(st.one_of(piece, short), st.integers(10, 400)).map(lambda pair: (pair[0] * pair[1])[:6_000])
    many = st.lists(st.one_of(real, cut, letters), min_size=15, max_size=60).map(" ".join)
    return st.one_of(short, short, short, short, long, many)
