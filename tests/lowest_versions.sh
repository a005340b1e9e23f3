#!/usr/bin/env bash
# Do perfkit's lower bounds hold? Its direct dependencies in their lowest versions, then the quick
# tests of what computes and reads, a comparison and a load test: tests/lowest_versions.sh [FOLDER]
# Takes about ten minutes, and is no part of CI.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-$(mktemp -d)}
uv venv --quiet --allow-existing --python "${PYTHON:-python3.11}" "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" --resolution lowest-direct -e '.[test]'
# Old releases (matplotlib 3.8) use what new ones beneath them (pyparsing) call deprecated; pyarrow 15
# imports pandas when it reads, which takes time and changes nothing.
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider -W ignore::DeprecationWarning \
    --deselect tests/recording/test_events.py::test_writing_and_reading_import_no_pandas \
    -m 'not slow and not end_to_end and not alone' \
    tests/analyse tests/decide tests/plan tests/recording tests/profile tests/report tests/history \
    tests/suite tests/session/test_run_folder.py tests/loadtest/test_sampler.py \
    tests/loadtest/test_service.py
"$work/venv/bin/perfkit" compare benchmarks/bm_json.py --baseline "${PYTHON:-python3.11}" \
    --candidate "${PYTHON:-python3.11}" --quick --output "$work/reports"
# Undecided (3) is an answer: a tenth of the profile has too few requests for its thresholds.
"$work/venv/bin/perfkit" load smoke --time-scale 0.1 --python "${PYTHON:-python3.11}" \
    --output "$work/reports" || [ $? -eq 3 ]
