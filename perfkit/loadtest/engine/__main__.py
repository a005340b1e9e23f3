"""Entry of the engine: `python ENGINE_FOLDER`; see `_perfkit_engine` for what it says and hears.

Locust and gevent come first, since they replace parts of the standard library.
"""

import sys
from pathlib import Path

import locust  # noqa: F401 - replaces what it must before anything else uses it

_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE), *(path for path in sys.path if path != str(_HERE))]
sys.path.append(str(_HERE.parents[2]))  # perfkit itself, when it is not installed

from _perfkit_engine import main  # noqa: E402 - perfkit is found only now

if __name__ == "__main__":
    sys.exit(main())
