"""What all tests share."""

from __future__ import annotations

import hypothesis

# Time limits for examples would make a busy machine fail the tests.
hypothesis.settings.register_profile("perfkit", deadline=None)
hypothesis.settings.load_profile("perfkit")
