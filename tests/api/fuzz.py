"""Starts a server of its own for each who asks, and lets Schemathesis ask everything that the description lists.

Each has a fresh data folder, so one run does not depend on another, and the seed is fixed.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent
SEED = 1
EXAMPLES = 25  # a phase and an operation
FILM = "2024/film.mp4"
ASKERS = ["keeper", "watcher", None]  # an administrator, a viewer, a stranger
AUTHORIZATION = """
[auth.openapi.api_token]
bearer = "{token}"
"""
CONFIGURATION = """
hooks = "{hooks}"
seed = {seed}

[generation]
max-examples = {examples}
database = "none"
# The credential is this run's; whether others are refused is asked by the check `ignored_auth`.
with-security-parameters = false

# What no schema can say (a library that exists, a duration, a path) is refused with 422.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 410, 422, 429]
"""


class Server:
    """A running server with a film and people, and the one who asks."""

    def __init__(self, program, folder, asker):
        self.program, self.folder, self.asker = program, Path(folder), asker
        film = self.folder / "videos" / FILM
        film.parent.mkdir(parents=True)
        make_film(film)
        self.command("scan", "videos")
        # The second administrator: the first one is never the last.
        for name in ["keeper", "second"]:
            self.command("user", "add", name, "--role", "admin")
        for name in ["ada", "watcher"]:
            self.command("user", "add", name, "--grant", "videos/2024")
        self.item = self.command("items")[0]["id"]
        self.command("key", "create")
        owner = asker or "ada"
        self.spare = self.command("token", "create", owner, "--name", "spare")["id"]
        made = self.command("token", "create", owner, "--kind", "api") if asker else {}
        self.token, self.token_id = made.get("token"), made.get("id")

    def command(self, *words):
        line = [self.program, *words, "--data", "data", "--json"]
        return json.loads(subprocess.run(line, cwd=self.folder, check=True, stdout=subprocess.PIPE).stdout)

    def __enter__(self):
        self.log = open(self.folder / "log", "wb")
        line = [self.program, "serve", "videos", "--data", "data", "--listen", "127.0.0.1:0", "--json"]
        self.process = subprocess.Popen(line, cwd=self.folder, stdout=subprocess.PIPE, stderr=self.log)
        self.url = "http://" + json.loads(self.process.stdout.readline())["listen"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def get(self, path):
        request = urllib.request.Request(self.url + path)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def description(self):
        """As it is served, with examples that name what is there, so that not everything asked for is missing."""
        document = json.loads(self.get("/api/v1/openapi.json")[1])
        people = {"keeper": "ada", "watcher": "watcher", None: "ada"}
        known = {"user": people[self.asker], "item": self.item, "library": "videos", "area": "videos/2024",
                 "path": "videos/2024", "below": "2024"}
        in_paths = {"/items/": self.item, "/users/": "ada", "/libraries/": "videos", "/tokens/": self.spare}
        for path, operations in document["paths"].items():
            for operation in operations.values():
                for parameter in operation.get("parameters", []):
                    if parameter["in"] == "path":
                        found = [value for part, value in in_paths.items() if part + "{" in path]
                    else:
                        found = [known[parameter["name"]]] if parameter["name"] in known else []
                    if found:
                        parameter["example"] = found[0]
        for schema in document["components"]["schemas"].values():
            # `item` and `path` of one request would contradict each other.
            chosen = {"item"} if "item" in schema.get("properties", {}) else set(known)
            for name, value in schema.get("properties", {}).items():
                if name in known and "string" in str(value.get("type")):
                    value["example"] = known[name] if name in chosen or name == "user" else None
        return document


def make_film(path):
    source = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=5", "-pix_fmt", "yuv420p"]
    subprocess.run(["ffmpeg", "-loglevel", "error", *source, str(path)], check=True, stdin=subprocess.DEVNULL)


def fuzz(server):
    """Numbers of operations that held and that did not, what each answered, and what there is to read."""
    folder = server.folder
    (folder / "openapi.json").write_text(json.dumps(server.description()))
    configuration = CONFIGURATION.format(hooks=HERE / "hooks.py", seed=SEED, examples=EXAMPLES)
    if server.token:
        configuration += AUTHORIZATION.format(token=server.token)
    (folder / "schemathesis.toml").write_text(configuration)
    # Of a stranger's request nothing is read, so nothing is to be found by drawing bodies for him.
    phases = "examples,coverage,fuzzing,stateful" if server.asker else "examples,coverage"
    line = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
            "--config-file", "schemathesis.toml", "run", "openapi.json", "--url", server.url,
            "--phases", phases, "--checks", "all", "--continue-on-failure", "--no-color", "--warnings", "off",
            "--report", "junit", "--report-junit-path", "junit.xml"]
    environment = dict(os.environ, API_ASKER=server.asker or "", API_TOKEN_ID=server.token_id or "",
                       API_ANSWERS=str(folder / "answers.json"))
    ran = subprocess.run(line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if not (folder / "junit.xml").exists():
        raise RuntimeError("Schemathesis did not get to its report:\n" + ran.stdout.decode(errors="replace")[-3000:])
    cases = list(ElementTree.parse(folder / "junit.xml").iter("testcase"))
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    failed = len(bad) or int(ran.returncode != 0)
    said = ran.stdout.decode(errors="replace") if failed else ""
    return len(cases) - len(bad), failed, json.loads((folder / "answers.json").read_text()), said


def closing_checks(server):
    """What Schemathesis does not see. A line for each that does not hold."""
    if server.process.poll() is not None:
        yield "the server has ended"
        return
    status, _ = server.get("/api/v1/me")
    if status != (200 if server.asker else 401):
        yield f"after all that, /api/v1/me answers {status}: the asker was not who he should have been"
    log = (server.folder / "log").read_text()
    if "panicked" in log:
        yield "a fault of the program: " + log[log.index("panicked"):][:500]
    if server.token and server.token in log:
        yield "the token stands in the log"


def ask(program, asker):
    """Numbers of what held and what did not, and what to print."""
    who = asker or "a stranger"
    with tempfile.TemporaryDirectory(prefix="reelgate-api-") as folder:
        with Server(program, folder, asker) as server:
            good, bad, answers, said = fuzz(server)
            wrong = list(closing_checks(server))
    asked = sum(sum(statuses.values()) for statuses in answers.values())
    lines = [said, *(f"{who}: {line}" for line in wrong)]
    lines.append(f"{who}: {asked} requests, {good} operations hold, {bad} do not")
    if asker == "keeper":
        never = [name for name, statuses in sorted(answers.items()) if not any(s < "3" for s in statuses)]
        lines.append("what an administrator never got done: " + (", ".join(never) or "nothing"))
    return good + (not wrong), bad + bool(wrong), "\n".join(filter(None, lines))


def main(program):
    program = str(Path(program).resolve())
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda asker: ask(program, asker), ASKERS))
    for _, _, said in runs:
        print(said)
    passed, failed = (sum(run[index] for run in runs) for index in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
