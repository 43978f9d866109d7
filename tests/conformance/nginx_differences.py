"""Where files answers otherwise than nginx on the same tree, on purpose, and why.

Keys are (case, what); "*" is any. What is compared: status, body, and the headers in HEADERS.
"""

HEADERS = ["content-length", "content-type", "content-range", "accept-ranges", "last-modified",
           "location", "allow"]

DIFFERENCES = {
    ("*", "content-type"):
        "text types carry a charset here, and the tables of types differ in rare ones; the type "
        "of errors is text/plain here and text/html there",
    ("folder without slash", "location"):
        "relative here (RFC 9110 10.2.2), so that it is right behind a proxy that takes a prefix away",
    ("folder without slash, query", "location"): "as for the folder without a query",
    ("POST", "allow"): "RFC 9110 15.5.6 asks for Allow with 405; nginx leaves it out",
    ("PUT", "allow"): "as for POST",
    ("DELETE", "allow"): "as for POST",
    ("several ranges", "*"):
        "both answer multipart/byteranges; the boundary is each server's own text, and with it the "
        "length",
    ("range bytes=", "*"):
        "no range at all is not a valid specifier, which RFC 9110 14.2 lets a server reject",
    ("range bytes=0-99999999999999999999", "*"):
        "RFC 9110 14.1.2: a last position behind the end means the end, however large it is",
    ("range of HEAD", "*"):
        "RFC 9110 14.2: Range is defined for GET only and otherwise ignored",
}

# Only the length of an error page: the pages are not compared, but the size differs with them.
NO_BODY_COMPARED = {301, 302, 400, 403, 404, 405, 412, 416}


def excused(case, what):
    keys = [(case, what), (case, "*"), ("*", what)]
    return next((DIFFERENCES[key] for key in keys if key in DIFFERENCES), None)
