"""Requests as attackers write them. Each hides, if read wrongly, a request for SMUGGLED.

Every case is (name, bytes, the method of its first request); a lawful request for SENTINEL is
sent behind it.
"""

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
LENGTH = str(len(SMUGGLED)).encode()
CHUNKED_END = b"0\r\n\r\n"

# Header lines that say how long the body is, or seem to; {n} is the length of SMUGGLED.
FRAMINGS = [
    b"Content-Length: {n}", b"Content-Length:{n}", b"Content-Length:\t{n}", b"Content-Length: {n} ",
    b"content-length: {n}", b"Content-Length : {n}", b"Content-Length\t: {n}",
    b" Content-Length: {n}",
    b"Content-Length: +{n}", b"Content-Length: -{n}", b"Content-Length: 0{n}",
    b"Content-Length: {n}.0",
    b"Content-Length: {n}, {n}", b"Content-Length: 0, {n}", b"Content-Length: {n},",
    b"Content-Length: ,{n}",
    b"Content-Length: 0x22", b"Content-Length: {n};a", b"Content-Length: {n} a",
    b"Content-Length: \"{n}\"",
    b"Content-Length:", b"Content-Length: ", b"Content-Length: \x0b{n}", b"Content-Length: {n}\x00",
    b"Content-Length: 18446744073709551616", b"Content-Length: 18446744073709551650",
    b"Content-Length: 4294967330", b"Content-Length: -1", b"Content-Length: 1e1",
    b"Content_Length: {n}",
    b"Content-Length: {n}\r\nContent-Length: {n}", b"Content-Length: 0\r\nContent-Length: {n}",
    b"Content-Length: {n}\r\nContent-Length: 0", b"Content-Length: {n}\r\ncontent-length: 5",
    b"Content-Length:\r\n {n}", b"X: a\r\n Content-Length: {n}", b"X: a\rContent-Length: {n}",
    b"X: a\nContent-Length: {n}", b"\x00Content-Length: {n}", b"Content-Length\x00: {n}",
    b"X\r\nContent-Length: {n}", b"Content-Length: {n}\nX: a", b"Content-Lengt\xc3: {n}",
]

# Header lines that say chunked, or seem to. The body is an empty chunked one, then SMUGGLED.
CODINGS = [
    b"Transfer-Encoding: chunked", b"Transfer-Encoding:chunked", b"Transfer-Encoding: CHUNKED",
    b"Transfer-Encoding: chunked ", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding : chunked",
    b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked", b"Transfer_Encoding: chunked",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx",
    b"Transfer-Encoding: \"chunked\"",
    b"Transfer-Encoding: 'chunked'", b"Transfer-Encoding: chunked;a=b",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding: \x0cchunked", b"Transfer-Encoding: chunked\x00",
    b"Transfer-Encoding: \x00chunked",
    b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding:",
    b"Transfer-Encoding: identity, chunked", b"Transfer-Encoding: cow", b"Transfer-Encoding: chunk",
    b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding\r\n: chunked",
    b"X: a\r\n Transfer-Encoding: chunked",
    b"X: a\rTransfer-Encoding: chunked", b"X: a\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Content-Length: 0\r\nTransfer-Encoding: chunked",
    b"Content-Length: 5\r\nTransfer-Encoding : chunked",
    b"Content-Length: 5\r\nTransfer-Encoding: xchunked",
    b"Content-Length: 5\r\nTransfer-Encoding: gzip",
    b"Content-Length: 5\r\nTransfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunk\xc3\xa9d",
    b"Content-Length: 5\r\n\x00Transfer-Encoding: chunked", b"Transfer-Encoding\x00: chunked",
]

# Chunked bodies; behind each stands SMUGGLED.
BODIES = [
    b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"0003\r\nabc\r\n0\r\n\r\n", b"3 \r\nabc\r\n0\r\n\r\n",
    b" 3\r\nabc\r\n0\r\n\r\n", b"3\t\r\nabc\r\n0\r\n\r\n", b"+3\r\nabc\r\n0\r\n\r\n",
    b"-3\r\nabc\r\n0\r\n\r\n",
    b"0x3\r\nabc\r\n0\r\n\r\n", b"3;a\r\nabc\r\n0\r\n\r\n", b"3;a=b\r\nabc\r\n0\r\n\r\n",
    b"3;a=\"b\r\nc\"\r\nabc\r\n0\r\n\r\n", b"3;\nabc\r\n0\r\n\r\n", b"3;a\nabc\r\n0\r\n\r\n",
    b"3\nabc\r\n0\r\n\r\n",
    b"3\rabc\r\n0\r\n\r\n", b"3\r\nabc\n0\r\n\r\n", b"3\r\nabc0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n",
    b"3\r\nab\r\n0\r\n\r\n", b"0\n\n", b"0\r\n\n", b"0\n\r\n", b"0\r\n\r", b"0\r\r\n",
    b"\r\n0\r\n\r\n",
    b"\n0\r\n\r\n", b";a\r\n\r\n", b"g\r\nabc\r\n0\r\n\r\n", b"3g\r\nabc\r\n0\r\n\r\n",
    b"00\r\n\r\n", b"000000000000000000000\r\n\r\n",
    b"100000003\r\nabc\r\n0\r\n\r\n", b"10000000000000003\r\nabc\r\n0\r\n\r\n",
    b"fffffffffffffffd\r\nabc\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nX: y\n\n",
    b"0\r\nX\r\n\r\n",
    b"0\r\nContent-Length: 5\r\n\r\n", b"0\r\nX : y\r\n\r\n", b"0\r\nX: y\r\n z\r\n\r\n",
    b"0\r\nX: a\rb\r\n\r\n",
    b"0;a\x00\r\n\r\n", b"3,\r\nabc\r\n0\r\n\r\n", b"3_\r\nabc\r\n0\r\n\r\n",
    b"3\r\n\r\nabc0\r\n\r\n", b"0\r\n: y\r\n\r\n",
    b"A\r\n0123456789\r\n0\r\n\r\n", b"a;;\r\n0123456789\r\n0\r\n\r\n", b"0 ;a\r\n\r\n",
]

# Heads without a body; {s} is SMUGGLED.
HEADS = [
    b"GET / HTTP/1.1\nHost: h\n\n", b"GET / HTTP/1.1\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\rHost: h\r\r",
    b"GET / HTTP/1.1\r\nHost: h\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r{s}",
    b"GET / HTTP/1.1\r\nHost: h\r\n\rX: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", b" GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.10\r\nHost: h\r\n\r\n",
    b"GET / HTTP/01.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1.1\r\nHost: h\r\n\r\n",
    b"GET / http/1.1\r\nHost: h\r\n\r\n",
    b"GET /\r\n", b"GET /\r\nHost: h\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n{s}",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n{s}", b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", b"GET http://a/ HTTP/1.1\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n{s}",
    b"GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n",
    b"G\x00T / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n{s}",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, keep-alive\r\n\r\n{s}",
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n{s}",
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n{s}",
    b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n{s}",
    b"GET / HTTP/1.1\r\nHost: h\r\nX(: a\r\n\r\n",
]


def _fill(text):
    return text.replace(b"{n}", LENGTH).replace(b"{s}", SMUGGLED)


def cases():
    """All cases, the framings and codings each with GET and POST and in HTTP/1.0 too."""
    found = []
    for method, version in ((b"POST", b"1.1"), (b"GET", b"1.1"), (b"POST", b"1.0")):
        start = method + b" / HTTP/" + version + b"\r\nHost: h\r\n"
        if version == b"1.0":
            start += b"Connection: keep-alive\r\n"
        name = f"{method.decode()} {version.decode()}"
        for line in FRAMINGS:
            found.append((f"{name} {line!r}", start + _fill(line) + b"\r\n\r\n" + SMUGGLED))
        for line in CODINGS:
            found.append((f"{name} {line!r}",
                          start + _fill(line) + b"\r\n\r\n" + CHUNKED_END + SMUGGLED))
    start = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    found += [(f"chunks {body!r}", start + body + SMUGGLED) for body in BODIES]
    found += [(f"head {head!r}", _fill(head)) for head in HEADS]
    return found
