"""Wrong values are refused, each with the sentence that says what to write.

usage: refusals.py
"""

import concurrent.futures
import sys

import helm
import yaml

IMAGE = {"image": {"repository": "longshore.test/longshore", "tag": "0.1.0"}}
# the chart, what its wrong values are laid over, and where they are
CHARTS = (
    (helm.CHART, IMAGE | {"model": {"uri": "example://wine"}}, "refusals.yaml"),
    (helm.PLATFORM, IMAGE, "platform-refusals.yaml"),
)


def laid(under, over):
    """`over` on top of `under`."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    return under | {key: laid(under.get(key), value) for key, value in over.items()}


def refuse(case, chart, right):
    """What is wrong with how a case was refused; nothing when it is right."""
    apis = case.get("apis", () if case.get("bare") else helm.APIS)
    well, text = helm.template("wine", "serving", [], laid(right, case["with"]), apis, case.get("kubernetes", "1.35.0"), chart)
    if well:
        return f"{chart.name}: {case['with']} was accepted"
    if case["says"] not in text:
        return f"{chart.name}: {case['with']} was refused otherwise:\n  wanted {case['says']}\n  got {text}"
    return None


def main():
    """All cases, and that the values they are laid over are right."""
    for chart, right, file in CHARTS:
        well, text = helm.template("wine", "serving", [], right, (), chart=chart)
        if not well:
            sys.exit(f"the right values were refused: {text}")
        cases = yaml.safe_load((helm.HERE / file).read_text())
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda case, chart=chart, right=right: refuse(case, chart, right), cases)
            wrong = [problem for problem in answers if problem]
        if wrong:
            sys.exit("\n".join(wrong))
        print(f"{chart.name}: {len(cases)} wrong values are refused with the sentence that mends them")


main()
