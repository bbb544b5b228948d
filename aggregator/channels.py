"""Telling people of alerts, beside the terminal: a program that reads them, an address that they are posted to.

What is told is text, a line for each alert; to an address also the alerts one by one, as JSON that chats understand:
`{"text": "…", "alerts": [{"source": …, "kind": …, "note": …}]}`.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence

from aggregator import report
from aggregator.model import Alert, Channels

PATIENCE = 30.0  # seconds for each


def tell(channels: Channels, way: str, alerts: Sequence[Alert]) -> str:
    """Tells of alerts by a way of feeds.yaml, `command` or `webhook`.

    Returns why that failed, without its secrets; nothing where it did not.
    """
    text = "".join(f"{report.alert(one)}\n" for one in alerts)
    if way == "command":
        return _run(channels.command or "", text)
    from aggregator import fetch

    told = {"text": text.rstrip(), "alerts": [one.as_dict() for one in alerts]}
    return fetch.post(channels.webhook or "", json.dumps(told, ensure_ascii=False).encode(), PATIENCE)


def _run(command: str, text: str) -> str:
    program, *arguments = shlex.split(command)
    try:
        ended = subprocess.run(  # noqa: S603 - the command of whoever wrote feeds.yaml, and no shell
            [program, *arguments], input=text, capture_output=True, encoding="utf-8", errors="replace",
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{program} did not end within {PATIENCE:.0f} s"
    except OSError as problem:
        return f"{program}: {problem.strerror}"
    said = " ".join(ended.stderr.split())[:200]
    return f"{program} ended with {ended.returncode}: {said}".rstrip(": ") if ended.returncode else ""
