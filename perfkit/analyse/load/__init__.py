"""Raw events of a load run to figures with intervals: pure."""
