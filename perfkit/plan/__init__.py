"""Options and configuration file to one validated plan."""

from perfkit.plan.make import make_plan, parse_age, select_benchmarks
from perfkit.plan.merge import PRESETS
from perfkit.plan.resume import resume_plan
from perfkit.plan.value import COMPARISONS, GATE, GOAL, METHOD, Plan

__all__ = [
    "COMPARISONS",
    "GATE",
    "GOAL",
    "METHOD",
    "PRESETS",
    "Plan",
    "make_plan",
    "parse_age",
    "resume_plan",
    "select_benchmarks",
]
