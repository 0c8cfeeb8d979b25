"""Logbooks on loopback that speak the forms of Olog and of PSI's ELOG, and Telegram."""

from __future__ import annotations

import base64
import email
import json
from urllib.parse import parse_qs

from web_server import WebServer

USER, PASSWORD = "kate", "xyzzy"
ELOG_HASH = "CPn1StSIpoFa9Mf6apeaQvcYXqemoCk3qjzZ5/TT/E5"


def parts_of(headers, body):
    """The parts of a form, as (name, file name, content type, bytes)."""
    message = email.message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message.get_payload()
    ]


class Olog(WebServer):
    """As Phoebus Olog: /logs/multipart, /logs/search."""

    def __init__(self):
        super().__init__()
        self.entries = []
        self.largest = 10_000_000
        self.url = f"{self.address}/Olog"
        self.settings = {"sink": "olog", "url": self.url, "user": USER, "password": PASSWORD}
        self.settings |= {"logbooks": ["Operations"]}

    def answer(self, method, url, headers, body):
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if headers.get("Authorization") != f"Basic {login}":
            return self.refusal(401, "")
        if (method, url.path) == ("GET", "/Olog/logs/search"):
            name, attribute, value = parse_qs(url.query)["properties"][0].split(".")
            hits = [log for log in self.entries if self.has(log, name, attribute, value)]
            return 200, {}, json.dumps({"hitCount": len(hits), "logs": hits}).encode()
        if (method, url.path, url.query) == ("PUT", "/Olog/logs/multipart", "markup=commonmark"):
            return self.put(parts_of(headers, body), len(body))
        return self.refusal(404, "No message available")

    def put(self, parts, size):
        (entry,) = [
            json.loads(content)
            for name, _file, kind, content in parts
            if (name, kind) == ("logEntry", "application/json")
        ]
        files = [(file, content) for name, file, _kind, content in parts if name == "files"]
        if size > self.largest:
            return self.refusal(413, "Maximum upload size exceeded")
        if not entry["title"] or [each["name"] for each in entry["logbooks"]] != ["Operations"]:
            return self.refusal(400, "One or more invalid logbook name(s)")
        if [each["filename"] for each in entry["attachments"]] != [file for file, _content in files]:
            return self.refusal(400, "Attachment data invalid: file count does not match attachment count")
        self.entries.append(
            entry | {"id": len(self.entries) + 1, "owner": USER, "files": [len(file) for _name, file in files]}
        )
        self.files = files
        return 200, {}, json.dumps(self.entries[-1]).encode()

    def refusal(self, status, message):
        return status, {}, json.dumps({"status": status, "message": message}).encode() if message else b""

    def has(self, log, name, attribute, value):
        properties = [each["attributes"] for each in log["properties"] if each["name"] == name]
        return any({"name": attribute, "value": value} in attributes for attributes in properties)


class Elog(WebServer):
    """As PSI's ELOG: a form that is posted, a page that is searched, and the text of an entry."""

    def __init__(self):
        super().__init__()
        self.entries = {}
        self.url = f"{self.address}/Beamline"
        self.settings = {"sink": "elog", "url": self.url, "user": USER, "password": PASSWORD}
        self.settings |= {"attributes": {"Author": "BL"}}

    def answer(self, method, url, headers, body):
        if method == "POST":
            return self.post(parts_of(headers, body))
        if f"unm={USER}; upwd={ELOG_HASH}" not in headers.get("Cookie", ""):
            return 200, {}, b"<form name=form1><input type=password name=upassword></form>"
        words = parse_qs(url.query)
        if url.path == "/Beamline/":
            key = words["subtext"][0]
            rows = "".join(
                f'<tr><td class="list1"><a href="../Beamline/{number}">&nbsp;{number}</a></td></tr>'
                for number, entry in self.entries.items()
                if key in entry["Text"]
            )
            help_page = '<a href="../help/2024">help</a>'
            return 200, {}, f"<html>{help_page} Text: {key} <table>{rows}</table></html>".encode()
        entry = self.entries.get(int(url.path.rpartition("/")[2]))
        if entry is None:
            return 404, {}, b"no such entry"
        text = f"$@MID@$: 1\nSubject: {entry['Subject']}\n========================================\n{entry['Text']}"
        return 200, {}, text.encode()

    def post(self, parts):
        fields = {name: content.decode() for name, file, _kind, content in parts if file is None}
        if (fields.get("unm"), fields.get("upwd")) != (USER, ELOG_HASH):
            return 302, {"Location": "/Beamline/?fail=1"}, b""
        if not fields.get("Author"):
            page = '<td class="errormsg">Error: Attribute <b>Author</b> not supplied</td>'
            return 200, {}, page.encode()
        assert (fields["cmd"], fields["exp"]) == ("Submit", "Beamline")
        number = len(self.entries) + 1
        files = [(name, file, content) for name, file, _kind, content in parts if file]
        self.entries[number] = fields | {"files": files}
        return 302, {"Location": f"{self.address}/Beamline/{number}"}, b""


class Telegram(WebServer):
    """As Telegram's Bot API: sendMessage."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def answer(self, method, url, headers, body):
        assert (method, url.path) == ("POST", "/botTOKEN/sendMessage")
        if headers["Content-Type"] == "application/json":
            self.messages.append(json.loads(body))
        else:
            self.messages.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        return 200, {}, b'{"ok": true}'
