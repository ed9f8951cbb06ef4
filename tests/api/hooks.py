"""What is asked of every answer beside what the description says, and what is not asked at all."""

import atexit
import json
import os
from collections import Counter, defaultdict
from urllib.parse import unquote

import schemathesis

ASKER = os.environ["API_ASKER"]
TOKEN_ID = os.environ["API_TOKEN_ID"]
PROBLEM = {"type": str, "title": str, "status": int, "detail": str, "code": str, "request_id": str, "hint": str}

answers = defaultdict(Counter)


def has_whole_float(value):
    """JSON Schema takes 1.0 for an integer; parsers of typed languages, serde among them, do not."""
    if isinstance(value, dict):
        return any(has_whole_float(part) for part in value.values())
    if isinstance(value, list):
        return any(has_whole_float(part) for part in value)
    return isinstance(value, float) and value.is_integer()


@schemathesis.hook
def filter_body(context, body):
    return not has_whole_float(body)


@schemathesis.hook
def filter_case(context, case):
    """Nobody saws off the branch that he sits on: everything after it would be 401. All else is asked."""
    named = {unquote(str(value)).lower() for value in (case.path_parameters or {}).values()}
    path = case.operation.path
    own_account = path.startswith("/api/v1/users/") and case.method.upper() != "GET" and ASKER in named
    own_token = path.startswith("/api/v1/tokens/") and TOKEN_ID.lower() in named
    return not (ASKER and (own_account or own_token))


@schemathesis.hook
def after_call(context, case, response):
    answers[case.operation.label][str(response.status_code)] += 1


@atexit.register
def write_answers():
    with open(os.environ["API_ANSWERS"], "w") as file:
        json.dump(answers, file)


@schemathesis.check
def errors_say_what_to_do(ctx, response, case):
    """RFC 9457, with what to do about it."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    assert response.headers["content-type"] == ["application/problem+json"], response.headers
    problem = response.json()
    for name, kind in PROBLEM.items():
        assert isinstance(problem.get(name), kind) and problem[name], f"{name} is missing in {problem}"
    assert problem["status"] == response.status_code, problem
    assert response.headers["x-request-id"] == [problem["request_id"]], problem


@schemathesis.check
def strangers_learn_nothing(ctx, response, case):
    """Without a credential a guarded operation says 401, whatever is asked; 405 says only that it has no such method."""
    security = case.operation.definition.raw.get("security")
    is_open = security is not None and {} in security
    if ASKER or is_open:
        return
    assert response.status_code in (401, 405), f"a stranger gets {response.status_code}"
