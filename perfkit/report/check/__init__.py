"""The outputs of ``perfkit check``: pure functions of a judged gate and its recording."""
