# Two commands matter: `make demo` and `make test`. Both set everything up first; each target is one line into
# tools/bootstrap.py, which needs nothing but a Python. Pass options on with ARGS, e.g. make test ARGS="-k outbox".
PYTHON ?= python3
.PHONY: demo test lint bench faults generate lock check-fresh setup

demo test lint bench generate lock check-fresh setup:
	@$(PYTHON) tools/bootstrap.py $@ $(ARGS)

# make faults BUG=name plants one bug and must fail: the bench has to notice it.
faults:
	@$(PYTHON) tools/bootstrap.py $@ $(if $(BUG),--bug $(BUG)) $(ARGS)
