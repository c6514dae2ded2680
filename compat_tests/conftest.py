"""Property tests run the same examples each time, and take as long as a busy machine makes them. The cycle collector
looks less often: it finds next to nothing in what is kept of plays and models, and took a fifth of the time."""

import gc

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")
gc.set_threshold(50_000, 20, 100)
