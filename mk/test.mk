# SPDX-License-Identifier: Apache-2.0
#
# The suites: modules of tests/suite, which prints a table and writes build/test-results.json.
# `make NAME-test` runs one of them.

SUITES ?= build unit fuzz lint proof boot guest store xl run
FUZZ_RUNS ?= 100000
export FUZZ_RUNS

.PHONY: test unit fuzz lint proof soak format features
test:
	$(Q)$(PYTHON) tests/suite $(SUITES)
unit fuzz lint proof:
	$(Q)$(PYTHON) tests/suite $@
%-test:
	$(Q)$(PYTHON) tests/suite $*
soak:
	$(Q)FUZZ_RUNS=10000000 MATRIX_RUNS=1000 SOAK=1 $(PYTHON) tests/suite $(SUITES)
features:
	$(Q)$(PYTHON) mk/features README.md

format:
	$(Q)mk/sources.py '*.c' '*.h' | xargs clang-format -i
