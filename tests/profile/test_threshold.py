from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.grammar import InvalidError
from perfkit.profile.threshold import Metric, lasting, negated, parse_threshold


@pytest.mark.parametrize(
    ("text", "metric", "quantile", "operator", "limit"),
    [
        ("p(95)<150ms", Metric.PERCENTILE, 0.95, "<", 0.15),
        ("p(99.9) <= 1.5s", Metric.PERCENTILE, 0.999, "<=", 1.5),
        ("p( 50 )>=2m", Metric.PERCENTILE, 0.5, ">=", 120),
        ("avg<45ms", Metric.MEAN, None, "<", 0.045),
        ("med<45 ms", Metric.MEDIAN, 0.5, "<", 0.045),
        ("max<1s", Metric.MAXIMUM, None, "<", 1),
        ("min>1ms", Metric.MINIMUM, None, ">", 0.001),
        ("rate(errors)<1%", Metric.ERRORS, None, "<", 0.01),
        ("rate( errors ) < 0.7%", Metric.ERRORS, None, "<", 0.007),
        ("rate(errors)<=0%", Metric.ERRORS, None, "<=", 0),
        ("rate(checks)>0.99", Metric.CHECKS, None, ">", 0.99),
        ("throughput>1150/s", Metric.THROUGHPUT, None, ">", 1150),
        ("goodput>60/min", Metric.GOODPUT, None, ">", 1),
        ("rss<280MB", Metric.RSS, None, "<", 280e6),
        ("rss<256MiB", Metric.RSS, None, "<", 256 * 2**20),
        ("cpu<80%", Metric.CPU, None, "<", 0.8),
        ("cpu<250%", Metric.CPU, None, "<", 2.5),
    ],
)
def test_what_is_written(
    text: str, metric: Metric, quantile: float | None, operator: str, limit: float
) -> None:
    found = parse_threshold(text)
    assert (found.metric, found.quantile, found.operator) == (metric, quantile, operator)
    assert found.limit == pytest.approx(limit, rel=1e-15)
    assert (found.phase, found.sustained) == (None, None)


def test_of_a_stage_and_sustained() -> None:
    found = parse_threshold("  p(95) @ ramp-up.2 >200ms   for 1m ")
    assert (found.phase, found.sustained) == ("ramp-up.2", 60.0)
    assert found.text == "p(95) @ ramp-up.2 >200ms for 1m"
    assert parse_threshold(found.text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a threshold"),
        ("p(95)", "is not a threshold"),
        ("p(95)<", "is not a threshold"),
        ("p(95)<1s<2s", "is not a threshold"),
        (150, "is not a threshold"),
        ("<" * 5000, "is not a threshold"),
        ("p(95)==150ms", "compares with '=='.*never equals"),
        ("p(95)=<150ms", "compares with '=<'"),
        ("p95<150ms", r"did you mean p\(95\)\?"),
        ("mean<1s", "did you mean avg"),
        ("speed<1s", r"allowed: p\(N\) such as p\(50\), p\(95\) or p\(99\.9\); avg, med"),
        ("rps>5/s", "did you mean throughput"),
        ("rate(error)<1%", r"did you mean rate\(errors\)"),
        ("p(100)<1s", "write max or min"),
        ("p(101)<1s", "is out of range"),
        ("p(95)<150", "without a proper unit.*150ms"),
        ("p(95)<-1ms", "limit that is not a time"),
        ("p(95)<1e3ms", "limit that is not a time"),
        ("rate(errors)<1", 'write "1%"'),
        ("rate(errors)<101%", "beyond 100 %"),
        ("throughput>1150", "without a proper unit"),
        ("throughput>1150/h", "without a proper unit"),
        ("rss<280", "units: B, kB"),
        ("rss<1e9MB", "without a proper unit"),
        ("cpu<0.8", "without a proper unit"),
        ("p(95)@<150ms", "names no stage"),
        ("p(95)@a b<150ms", "names no stage"),
        ("p(95)<1s for ever", "a 'for' that is not a time"),
        ("p(95)<1s for 0s", "of no length"),
        ("p(95)<0s", "never holds"),
        ("p(95)>=0ms", "always holds"),
        ("rate(errors)<=100%", "always holds"),
        ("rate(checks)>100%", "never holds"),
    ],
)
def test_not_a_threshold(text: object, reason: str) -> None:
    with pytest.raises(InvalidError, match=reason):
        parse_threshold(text)


@given(st.text(alphabet="p(95)avgrteos@<>=!% forms/.0123KMBi", max_size=40) | st.text())
def test_nothing_but_invalid_error(text: str) -> None:
    with suppress(InvalidError):
        assert parse_threshold(text).limit >= 0


def test_negated() -> None:
    for text, opposite in [
        ("p(95)<150ms", "p(95)>=150ms"),
        ("throughput>=5/s", "throughput<5/s"),
        ("p(95)@hold<=1s for 2s", "p(95)@hold>1s for 2s"),
    ]:
        assert negated(parse_threshold(text)) == parse_threshold(opposite)
        assert negated(negated(parse_threshold(text))) == parse_threshold(text)


@given(st.floats(1e-6, 1e6))
def test_lasting_says_what_it_is(seconds: float) -> None:
    found = lasting(parse_threshold("p(95)@hold>200ms for 10s"), seconds)
    assert parse_threshold(found.text) == found
    assert found.sustained == pytest.approx(seconds, rel=1e-3)
