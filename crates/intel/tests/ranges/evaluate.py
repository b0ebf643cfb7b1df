# The evaluation of https://ossf.github.io/osv-schema/#evaluation, with the versions of `packaging`.
import json
import sys

from packaging.version import Version


def key(version):
    return (0,) if version == "0" else (1, Version(version))


def held(events, version):
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(limit == "*" or Version(version) < Version(limit) for limit in limits):
        return False
    kinds = ["introduced", "last_affected", "fixed"]
    steps = []
    for event in events:
        for kind, at in event.items():
            if kind in kinds:
                steps.append((key(at) if kind == "introduced" else (1, Version(at)), kinds.index(kind)))
    result = False
    for at, kind in sorted(steps):
        if kind == 0 and (1, Version(version)) >= at:
            result = True
        elif kind == 1 and (1, Version(version)) > at:
            result = False
        elif kind == 2 and (1, Version(version)) >= at:
            result = False
    return result


cases = json.load(sys.stdin)
print(json.dumps([held(case["events"], case["version"]) for case in cases]))
