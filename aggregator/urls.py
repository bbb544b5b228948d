"""Addresses: one canonical URL for one article, and whose host it is.

Knows the syntax of http(s) URLs (RFC 3986, with the browsers' reading of white space, backslashes and international
hosts) and, as data, what may be dropped or rewritten without asking the network. Whatever no table names stays as it
is: a parameter may be the identity of an article, and percent-encoded bytes may be EUC-KR, Shift_JIS, GBK or Big5.
It may not follow redirects, guess, or raise.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import unquote, urlsplit

_ANY, _RSS, _AMP = r".*", r"rss.*", r"amp"

# Query parameters that name no article: parameter, its value, the domain that means it so ("" is every one), seen as.
# Case does not matter; a final * stands for any ending. Sorted.
_DROPPED = (
    ("at_campaign", _ANY, "", "AT Internet, on feed links of the BBC"),
    ("at_medium", _ANY, "", "AT Internet, on feed links of the BBC"),
    ("cloc", _RSS, "", "feed links of the JoongAng Ilbo"),
    ("cmp", _ANY, "cbc.ca", "feed links of the CBC"),
    ("cmp", _ANY, "dailymail.co.uk", "links of the Daily Mail"),
    ("fbclid", _ANY, "", "click identifier of Facebook"),
    ("from", _RSS, "", "feed links of Die Presse"),
    ("gclid", _ANY, "", "click identifier of Google Ads"),
    ("input", _ANY, "yna.co.kr", "where on a page of Yonhap the link stood"),
    ("ito", _ANY, "dailymail.co.uk", "feed links of the Daily Mail"),
    ("maca", _ANY, "", "feed links of Deutsche Welle"),
    ("mc_cid", _ANY, "", "campaign identifier of Mailchimp"),
    ("mc_eid", _ANY, "", "recipient identifier of Mailchimp"),
    ("msclkid", _ANY, "", "click identifier of Microsoft Advertising"),
    ("ns_campaign", _ANY, "", "Comscore, on feed links of the Daily Mail"),
    ("ns_mchannel", _ANY, "", "Comscore, on feed links of the Daily Mail"),
    ("oc", _ANY, "news.google.com", "links in feeds of Google News"),
    ("outputtype", _AMP, "", "AMP pages of Arc XP: Chosun Ilbo, Sankei"),
    ("ref", _RSS, "", "feed links of the Asahi Shimbun"),
    ("section", _ANY, "yna.co.kr", "where on a page of Yonhap the link stood"),
    ("site", _ANY, "yna.co.kr", "where on a page of Yonhap the link stood"),
    ("source", _RSS, "", "feed links of Yahoo! Japan News"),
    ("src", _RSS, "", "feed links of Deutsche Wirtschafts Nachrichten"),
    ("traffic_source", _RSS, "", "feed links of Al Jazeera"),
    ("utm_*", _ANY, "", "campaign parameters of Google Analytics"),
)

# Hosts and paths under which one article is shown twice: domain, pattern of host and path, what to write, seen as.
# Sorted; a rule may not match what it has written.
_REWRITTEN = (
    ("bbc.co.uk", r"(.*?[^./])(?:\.amp)+$", r"\1", "AMP pages of the BBC"),
    ("bbc.com", r"(.*?[^./])(?:\.amp)+$", r"\1", "AMP pages of the BBC"),
    ("koreaherald.com", r"m\.(koreaherald\.com/)", r"www.\1", "mobile pages"),
    ("nytimes.com", r"mobile\.(nytimes\.com/)", r"www.\1", "mobile pages"),
    ("reuters.com", r"mobile\.(reuters\.com/)", r"www.\1", "mobile pages"),
    ("scmp.com", r"m\.(scmp\.com/)", r"www.\1", "mobile pages"),
    ("theguardian.com", r"amp\.(theguardian\.com/)", r"www.\1", "AMP pages"),
    ("thepaper.cn", r"m\.(thepaper\.cn/)", r"www.\1", "mobile pages"),
    ("yna.co.kr", r"([^/]+)/amp(/view/)", r"\1\2", "AMP pages of Yonhap"),
    ("yna.co.kr", r"m-([a-z]{2}\.yna\.co\.kr/)", r"\1", "mobile pages of Yonhap's other languages"),
    ("yna.co.kr", r"m\.(yna\.co\.kr/)", r"www.\1", "mobile pages"),
)

# Hosts (with their subdomains) that show articles of many outlets. Hosts on which such a company also speaks for itself
# or lends room to others (blogs, cafés, corporate pages) are not here. Sorted by host.
_PORTALS = {
    "apple.news": "Apple News",
    "article.auone.jp": "au Web Portal",
    "article.yahoo.co.jp": "Yahoo! Japan",
    "bing.com": "Bing News",
    "entertain.daum.net": "Daum",
    "entertain.naver.com": "Naver",
    "flipboard.com": "Flipboard",
    "headlines.yahoo.co.jp": "Yahoo! Japan News, until 2020",
    "l.smartnews.com": "SmartNews",
    "media.daum.net": "Daum",
    "msn.com": "MSN",
    "news.baidu.com": "Baidu News",
    "news.biglobe.ne.jp": "Biglobe News",
    "news.daum.net": "Daum",
    "news.goo.ne.jp": "goo News",
    "news.google.com": "Google News",
    "news.infoseek.co.jp": "Rakuten Infoseek News",
    "news.line.me": "Line News",
    "news.livedoor.com": "livedoor News",
    "news.nate.com": "Nate",
    "news.naver.com": "Naver",
    "news.nifty.com": "Nifty News",
    "news.pchome.com.tw": "PChome News",
    "news.yahoo.co.jp": "Yahoo! Japan News",
    "news.yahoo.com": "Yahoo News; Taiwan's and Hong Kong's are subdomains",
    "news.zum.com": "Zum",
    "newsbreak.com": "NewsBreak",
    "share.smartnews.com": "SmartNews",
    "sports.daum.net": "Daum",
    "sports.naver.com": "Naver",
    "sports.yahoo.co.jp": "Yahoo! Japan",
    "times.hinet.net": "HiNet News",
    "today.line.me": "Line Today",
    "topics.smt.docomo.ne.jp": "d menu News",
    "toutiao.com": "Toutiao",
    "v.daum.net": "Daum",
    "view.inews.qq.com": "Tencent News",
    "www.smartnews.com": "SmartNews",
}

# Second levels under which strangers register: a host of this form is nobody's site (publicsuffix.org). Sorted.
_SHARED = {
    "au": "com edu gov net org",
    "cn": "ac com edu gov net org",
    "hk": "com edu gov idv net org",
    "id": "ac co go or web",
    "in": "ac co gov net org",
    "jp": "ac ad co ed go gr lg ne or",
    "kr": "ac co go kg mil ms ne or pe re sc",
    "mo": "com edu gov net org",
    "my": "com edu gov net org",
    "nz": "ac co govt net org",
    "sg": "com edu gov net org",
    "th": "ac co go in or",
    "tw": "com edu gov idv net org",
    "uk": "ac co gov ltd me net org plc",
    "za": "ac co gov org",
}

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")
_AUTHORITY = re.compile(r"//(?:.*@)?(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,9}))?")
_LONGEST_HOST = 253  # octets of a DNS name
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
_NOT_PLAIN = re.compile(r"[^!-~]+")
_BREAKS = re.compile(r"[\t\n\r]+")
_AMPERSAND = re.compile(r"&(?:amp;)+")
_AMPERSAND_BY_NUMBER = re.compile(r"&#(?:0*38|[xX]0*26);")  # its # begins no fragment
_NAVER_PATH = re.compile(r"(?:/mnews)?/article/([0-9]+)/([0-9]+)")
_DEVICE = re.compile(r"(?:www|m|mobile|amp)\.")
_USUAL_PORT = {"http": 80, "https": 443}

_DROPPED_BY_NAME: dict[str, list[tuple[re.Pattern[str], str]]] = {}
for _name, _value, _domain, _ in _DROPPED:
    _DROPPED_BY_NAME.setdefault(_name, []).append((re.compile(_value, re.IGNORECASE), _domain))
_DROPPED_ENDINGS = tuple(name[:-1] for name in _DROPPED_BY_NAME if name.endswith("*"))
_REWRITTEN_DOMAINS = tuple(sorted({domain for domain, *_ in _REWRITTEN}))
_SHARED_SUFFIXES = frozenset(f"{second}.{top}" for top, seconds in _SHARED.items() for second in seconds.split())

_Pieces = tuple[str, str, str, str, str]


def canonical(url: str, base: str | None = None) -> str | None:
    """The one address of what `url`, resolved against `base`, points to; None where that is no http(s) URL with a host.

    Idempotent: the canonical URL of a canonical URL is itself. Raises nothing.
    """
    scheme, authority, path, query, fragment = _resolved(url, base)
    address = _address(scheme, authority)
    if address is None:
        return None
    name, port = address
    path, query = _without_dots(path or "/"), _kept(query, name)
    if not port:
        scheme = "https"
        name, path, query = _rewritten(name, path, query)
    return f"{scheme}://{name}{port}{path}{query}{fragment if fragment.startswith('#!') else ''}"


def host(url: str) -> str:
    """The host of an absolute http(s) URL in lower case, international names in punycode; "" where there is none."""
    scheme, authority, *_ = _pieces(url)
    address = _address(scheme, authority)
    return address[0] if address else ""


def server(url: str) -> str:
    """What the sources share that one machine is asked for: the host, or the address itself where it has none."""
    try:
        return host(url) or urlsplit(url).hostname or url
    except ValueError:  # a bracket that closes no IPv6 address
        return url


def is_portal(url: str) -> bool:
    """Whether the host is a portal's: there an article of another outlet is mirrored, so the portal is no outlet."""
    labels = host(url).split(".")
    return any(".".join(labels[start:]) in _PORTALS for start in range(len(labels) - 1))


def is_of_portal(homepage: str) -> bool:
    """Whether a homepage is that of a company with a portal on some of its hosts: www.naver.com."""
    site = _site(host(homepage))
    return is_portal(homepage) or ("." in site and any(name.endswith(f".{site}") for name in _PORTALS))


def same_site(one: str, other: str) -> bool:
    """Whether two URLs share the host, `www.`, `m.`, `mobile.` and `amp.` aside, or one host lies within the other."""
    first, second = _site(host(one)), _site(host(other))
    if first == second:
        return first != ""
    shorter, longer = sorted((first, second), key=len)
    return "." in shorter and shorter not in _SHARED_SUFFIXES and longer.endswith(f".{shorter}")


# --- syntax -----------------------------------------------------------------------------------------------------------


def _resolved(url: str, base: str | None) -> _Pieces:
    """The pieces of a URL reference after resolution (RFC 3986, 5.2.2)."""
    scheme, authority, path, query, fragment = _pieces(url)
    if scheme or not base:
        return scheme, authority, path, query, fragment
    scheme, base_authority, base_path, base_query, _ = _pieces(base)
    if authority:
        return scheme, authority, path, query, fragment
    if not path:
        return scheme, base_authority, base_path, query or base_query, fragment
    if path[0] != "/":
        path = (base_path[: base_path.rfind("/") + 1] or "/") + path
    return scheme, base_authority, path, query, fragment


def _pieces(url: str) -> _Pieces:
    """`https`, `//host`, `/path`, `?query` and `#fragment`, all in printable ASCII; "" for what is not there."""
    rest, mark, fragment = _encoded(_unbroken(url)).partition("#")
    rest, asked, query = rest.partition("?")
    rest = rest.replace("\\", "/")
    scheme, _, path = rest.partition(":")
    if scheme == rest or not _SCHEME.fullmatch(scheme):
        scheme, path = "", rest
    authority = ""
    if path.startswith("//"):
        name, slash, path = path[2:].partition("/")
        authority, path = f"//{name}", slash + path
    return scheme.lower(), authority, path, asked + query, mark + fragment


def _unbroken(url: str) -> str:
    url = _BREAKS.sub("", url.strip())
    return _AMPERSAND_BY_NUMBER.sub("&", url) if "&#" in url else url


def _encoded(text: str) -> str:
    """Text in printable ASCII: what is encoded stays encoded, in upper case; what is not becomes UTF-8."""
    if "%" in text:
        text = _ENCODED.sub(lambda found: found[0].upper(), text)
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return _NOT_PLAIN.sub(_as_utf8, text)


def _as_utf8(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _address(scheme: str, authority: str) -> tuple[str, str] | None:
    """Host and port (`:8080`, or "" for the default) of an http(s) URL; None where there is no such thing."""
    usual = _USUAL_PORT.get(scheme)
    found = _AUTHORITY.fullmatch(authority)
    if usual is None or found is None:
        return None
    name, port = _host(found[1]), int(found[2] or usual)
    if not name or port > 65535:
        return None
    return name, "" if port == usual else f":{port}"


def _host(name: str) -> str:
    """A host as it is asked of the network, or "" where it cannot be asked."""
    if name.startswith("["):
        return _literal(name[1:-1])
    if "%" in name:
        name = _in_punycode(name)
    name = name.lower().rstrip(".")
    return "" if len(name) > _LONGEST_HOST or _FORBIDDEN_IN_HOST.search(name) else name


def _in_punycode(name: str) -> str:
    """Browsers read an encoded host as UTF-8. IDNA is slow on long names."""
    try:
        name = unquote(name, errors="strict")
        return name.encode("idna").decode("ascii") if len(name) <= _LONGEST_HOST else ""
    except UnicodeError:
        return ""


def _literal(address: str) -> str:
    """An IPv6 address in its shortest form, in brackets."""
    try:
        return "" if "%" in address else f"[{IPv6Address(address).compressed}]"
    except ValueError:
        return ""


def _without_dots(path: str) -> str:
    """The path without `.` and `..` segments (RFC 3986, 5.2.4). Empty segments are segments."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path[1:].split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


# --- rules ------------------------------------------------------------------------------------------------------------


def _kept(query: str, name: str) -> str:
    """The query without the parameters that name no article; order, repeats and empty values stay."""
    if not query:
        return ""
    kept = "&".join(one for one in _AMPERSAND.sub("&", query[1:]).split("&") if not _is_dropped(one, name))
    return kept and f"?{kept}"


def _is_dropped(parameter: str, name: str) -> bool:
    key, _, value = parameter.partition("=")
    key = key.lower()
    if key.startswith(_DROPPED_ENDINGS):
        return True
    rules = _DROPPED_BY_NAME.get(key)
    return rules is not None and any(
        pattern.fullmatch(value) and (not domain or _within(name, domain)) for pattern, domain in rules
    )


def _within(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _rewritten(name: str, path: str, query: str) -> tuple[str, str, str]:
    """Host, path and query under which an outlet or Naver shows the article to everybody."""
    if name.endswith("news.naver.com"):
        return _naver(name, path, query)
    if name.endswith(_REWRITTEN_DOMAINS):
        place = name + path
        for domain, pattern, written, _ in _REWRITTEN:
            if _within(name, domain):
                place = re.sub(f"^{pattern}", written, place)
        name, slash, path = place.partition("/")
        path = slash + path
    return name, path, query


def _naver(name: str, path: str, query: str) -> tuple[str, str, str]:
    """One of Naver's four addresses of an article (`oid` is the outlet, `aid` the article) becomes the present one."""
    ids: tuple[str, ...] = ()
    if name == "n.news.naver.com" and (found := _NAVER_PATH.fullmatch(path)):
        ids = found.groups()
    elif name in ("news.naver.com", "m.news.naver.com") and path.removeprefix("/main") in ("/read.naver", "/read.nhn"):
        pairs = dict(part.partition("=")[::2] for part in query[1:].split("&"))
        ids = tuple(pairs.get(key, "") for key in ("oid", "aid"))
    if ids and all(one.isdigit() for one in ids):
        return "n.news.naver.com", f"/article/{ids[0]}/{ids[1]}", ""
    return name, path, query


def _site(name: str) -> str:
    """The host without `www.` and its like, unless they are all that tells it from a suffix that many share."""
    rest = _DEVICE.sub("", name, count=1) if _DEVICE.match(name) else name
    return rest if "." in rest and rest not in _SHARED_SUFFIXES else name
