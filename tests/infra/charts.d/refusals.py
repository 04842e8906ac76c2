"""Wrong values are refused, each with the sentence that says what to write.

usage: refusals.py
"""

import concurrent.futures
import sys

import helm
import yaml

RIGHT = {"image": {"repository": "longshore.test/longshore", "tag": "0.1.0"}, "model": {"uri": "example://wine"}}


def laid(under, over):
    """`over` on top of `under`."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return under | {key: laid(under.get(key), value) for key, value in over.items()}


def refuse(case):
    """What is wrong with how a case was refused; nothing when it is right."""
    apis = case.get("apis", () if case.get("bare") else helm.APIS)
    well, text = helm.template("wine", "serving", [], laid(RIGHT, case["with"]), apis, case.get("kubernetes", "1.35.0"))
    if well:
        return f"{case['with']} was accepted"
    if case["says"] not in text:
        return f"{case['with']} was refused otherwise:\n  wanted {case['says']}\n  got {text}"
    return None


def main():
    """All cases, and that the values they are laid over are right."""
    well, text = helm.template("wine", "serving", [], RIGHT, ())
    if not well:
        sys.exit(f"the right values were refused: {text}")
    cases = yaml.safe_load((helm.HERE / "refusals.yaml").read_text())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        wrong = [problem for problem in pool.map(refuse, cases) if problem]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(cases)} wrong values are refused with the sentence that mends them")


main()
