# Two commands matter: `make demo` and `make test`. Both set everything up first; each target is one line into
# tools/bootstrap.py, which needs nothing but a Python. Pass options on with ARGS, e.g. make test ARGS="-k outbox".
PYTHON ?= python3
.PHONY: demo test lint bench generate lock check-fresh setup

demo test lint bench generate lock check-fresh setup:
	@$(PYTHON) tools/bootstrap.py $@ $(ARGS)
