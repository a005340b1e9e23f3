"""Entry of the process under test: `python TARGET_FOLDER/__main__.py TASK SCRIPT [ARGUMENT ...]`.

Kept tiny since a main file is compiled at every start, whereas what it imports is cached.
"""

import sys

sys.path.insert(0, __file__[: -len("/__main__.py")])  # not there with -I and -P

import _perfkit_worker

if __name__ == "__main__":
    sys.exit(_perfkit_worker.main(sys.argv[1:]))
