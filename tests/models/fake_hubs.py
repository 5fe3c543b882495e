"""Model hubs on loopback, as far as their clients ask: Hugging Face's and Kaggle's HTTP interfaces."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

# Where the client of Kaggle looks for a hub under test.
KAGGLE_TEST_PORT = 7777


class Hub:
    """A server in a thread; use as a context manager.

    Attributes:
        requests: "METHOD path" of all that was asked.
        url: address of the server.
    """

    def __init__(self, handler, port=0):
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class HuggingFace(Hub):
    """Repositories whose branches are lists of commits, each with all its files.

    Attributes:
        repositories: "user/name" -> commits, each (hash, {file name: bytes}).
    """

    def __init__(self):
        super().__init__(_HuggingFaceHandler)
        self.repositories = {}

    def commit(self, repository, files):
        commits = self.repositories[repository]
        files = {**(commits[-1][1] if commits else {}), **files}
        commits.append((hashlib.sha1(f"{repository}{len(commits)}".encode()).hexdigest(), files))
        return commits[-1][0]

    def find(self, repository, revision):
        """The commit that a revision means; None for none."""
        commits = self.repositories.get(repository, [])
        if revision == "main":
            return commits[-1] if commits else ("0" * 40, {})
        return next((commit for commit in commits if commit[0] == revision), None)


class Kaggle(Hub):
    """Models with versions.

    Attributes:
        models: "user/model/variation" -> versions, the first of them 1, each {file name: bytes}.
    """

    def __init__(self):
        super().__init__(_KaggleHandler, KAGGLE_TEST_PORT)
        self.models = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, content, status=200, **headers):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(content),
            **given,
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def begin(self):
        """Notes the request; returns its path in parts and its body."""
        path = urlparse(self.path).path
        self.server.hub.requests.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return [unquote(part) for part in path.strip("/").split("/")], body


class _HuggingFaceHandler(_Handler):
    def do_POST(self):
        path, body = self.begin()
        hub = self.server.hub
        if self.headers.get("Authorization") != "Bearer hf_of_the_test":
            self.answer({"error": "Invalid username or password."}, 401)
        elif path == ["api", "repos", "create"]:
            given = json.loads(body)
            hub.repositories.setdefault(f"{given['organization']}/{given['name']}", [])
            self.answer({"url": f"{hub.url}/{given['organization']}/{given['name']}"})
        elif path == ["api", "validate-yaml"]:
            self.answer({"errors": [], "warnings": []})
        elif path[4:5] == ["preupload"]:
            paths = [file["path"] for file in json.loads(body)["files"]]
            self.answer(
                {"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]}
            )
        elif path[4:5] == ["commit"]:
            lines = [json.loads(line) for line in body.splitlines()]
            added = [line["value"] for line in lines if line["key"] == "file"]
            repository = "/".join(path[2:4])
            commit = hub.commit(
                repository, {each["path"]: base64.b64decode(each["content"]) for each in added}
            )
            self.answer({"commitUrl": f"{hub.url}/{repository}/commit/{commit}", "commitOid": commit})
        else:
            self.answer({"error": "not faked"}, 500)

    def do_GET(self):
        path, _ = self.begin()
        hub = self.server.hub
        is_file = path[0] != "api"
        repository = "/".join(path[:2] if is_file else path[2:4])
        rest = path[2:] if is_file else path[4:]
        commit = hub.find(repository, rest[1] if len(rest) > 1 else "main")
        if repository not in hub.repositories:
            self.answer({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
        elif commit is None:
            self.answer({"error": "Invalid rev id"}, 404, X_Error_Code="RevisionNotFound")
        elif is_file and rest[2] in commit[1]:
            content = commit[1][rest[2]]
            etag = f'"{hashlib.sha1(content).hexdigest()}"'
            self.answer(content, ETag=etag, X_Repo_Commit=commit[0], Content_Type="application/octet-stream")
        elif is_file:
            self.answer(
                {"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit[0]
            )
        elif rest[:1] == ["tree"]:
            files = commit[1].items()
            self.answer(
                [
                    {
                        "type": "file",
                        "path": name,
                        "size": len(content),
                        "oid": hashlib.sha1(content).hexdigest(),
                    }
                    for name, content in files
                ]
            )
        else:
            siblings = [{"rfilename": name} for name in commit[1]]
            self.answer({"id": repository, "sha": commit[0], "siblings": siblings, "private": False})

    def do_HEAD(self):
        self.do_GET()


class _KaggleHandler(_Handler):
    def do_POST(self):
        path, body = self.begin()
        given = json.loads(body)
        handle = "/".join(given[name] for name in ("ownerSlug", "modelSlug", "instanceSlug"))
        versions = self.server.hub.models.get(handle)
        number = given.get("versionNumber", len(versions or ()))
        if versions is None or not 1 <= number <= len(versions):
            self.answer({"code": 404, "message": "Not found"}, 404)
            return
        files = versions[number - 1]
        answers = {
            "GetModelInstance": lambda: self.answer({"versionNumber": len(versions)}),
            "ListModelInstanceVersionFiles": lambda: self.answer(
                {"files": [{"name": name, "size": len(content)} for name, content in files.items()]}
            ),
            "DownloadModelInstanceVersion": lambda: self.answer(
                files[given["path"]], Content_Type="application/octet-stream"
            ),
        }
        answers[path[-1]]()
