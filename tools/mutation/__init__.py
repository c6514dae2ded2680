"""Mutation testing: small faults are put into the code, and the tests have to notice each of them.

``python -m tools.mutation lustre_wire/schema --tests compat_tests/schema`` changes one thing at a time (an operator, a
constant, a condition, an assigned or returned value, a piece of generated code), runs the tests that reach the changed
line until one fails, and lists the changes that no test notices. Ready-made tools do not fit: most of the code under
test runs once, while declarations load or code is generated, and what is generated needs mutating too.
"""

import os

os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # one of them is the package, which must not be loaded before its faults are
