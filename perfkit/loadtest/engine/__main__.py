"""Entry of the engine: `python ENGINE_FOLDER`; see `_perfkit_engine` for what it says and hears.

`python ENGINE_FOLDER worker` generates a part of the load of an engine that is its master: see
`_perfkit_member`. Locust and gevent come first, since they replace parts of the standard library.
"""

import sys
from pathlib import Path

import locust  # noqa: F401 - replaces what it must before anything else uses it

_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE), *(path for path in sys.path if path != str(_HERE))]
sys.path.append(str(_HERE.parents[2]))  # perfkit itself, when it is not installed

if sys.argv[1:] == ["worker"]:
    from _perfkit_member import main
else:
    from _perfkit_engine import main

if __name__ == "__main__":
    sys.exit(main())
