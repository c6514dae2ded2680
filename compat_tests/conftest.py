"""Property tests run the same examples each time, and take as long as a busy machine makes them."""

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None, database=None)
settings.load_profile("reproducible")
