"""A verdict as a JUnit file: one test case per threshold, for pipelines that show such reports."""

from __future__ import annotations

from xml.etree import ElementTree

from memorization.studies.audit.verdict import Verdict
from memorization.studies.audit.words import headline, n, sentence


def junit(verdict: Verdict) -> str:
    """The file's text. What fails is a failure; what cannot be told is an error, since a skipped case looks passed."""
    answers = [measure.answer for measure in verdict.measures]
    suite = ElementTree.Element(
        "testsuite",
        name=f"audit {verdict.study}",
        tests=str(len(answers)),
        failures=str(answers.count("fail")),
        errors=str(answers.count("cannot tell")),
        skipped="0",
    )
    for measure in verdict.measures:
        case = ElementTree.SubElement(suite, "testcase", classname=f"audit.{verdict.study}", name=measure.key)
        text = sentence(measure)
        if measure.answer != "pass":
            fault = ElementTree.SubElement(case, "failure" if measure.answer == "fail" else "error", message=text)
            fault.text = "; ".join(
                part
                for part in (
                    measure.why,
                    f"n: {n(measure)}" if measure.n is not None else "",
                    f"n needed: {measure.n_needed:,}" if measure.n_needed is not None else "",
                )
                if part
            )
        else:
            ElementTree.SubElement(case, "system-out").text = text
    ElementTree.SubElement(suite, "system-out").text = headline(verdict)
    ElementTree.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suite, encoding="unicode")}\n'
