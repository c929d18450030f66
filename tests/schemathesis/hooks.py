"""Claims wait for tasks up to a minute where there is none. What is tried here is what is answered, not the waiting."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if isinstance(body, dict) and "tasks" in body:
        wait = body.get("wait_seconds", 30)
        if wait is None or (type(wait) in (int, float) and 0 <= wait <= 60):
            body["wait_seconds"] = 0
