"""The run directory: append-only, versioned, resumable."""

from perfkit.recording.compare import (
    KINDS,
    SCHEMA,
    Confirming,
    Finish,
    Line,
    Measured,
    Recorder,
    Recording,
    Run,
    SeriesEnd,
    SeriesStart,
    SideFacts,
    Unpaired,
    read,
    redacted,
)
from perfkit.recording.journal import FILE_NAME, kind_of_run, redact

__all__ = [
    "FILE_NAME",
    "KINDS",
    "SCHEMA",
    "Confirming",
    "Finish",
    "Line",
    "Measured",
    "Recorder",
    "Recording",
    "Run",
    "SeriesEnd",
    "SeriesStart",
    "SideFacts",
    "Unpaired",
    "kind_of_run",
    "read",
    "redact",
    "redacted",
]
